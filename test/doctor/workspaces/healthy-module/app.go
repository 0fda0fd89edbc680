// Package app.
package app

import "example.com/app/lib"

// Say says it.
func Say() string { return lib.Hello() }
