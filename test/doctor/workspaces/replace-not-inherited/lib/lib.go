// Package lib says hello.
package lib

import "example.com/base"

// Hello is what is said.
func Hello() string { return base.Word }
