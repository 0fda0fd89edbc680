// Package app uses lib.
package app

import "example.com/lib"

// Say says it.
func Say() string { return lib.Hello() }
