package app

import "example.com/lib"

// Hello says what the library says.
func Hello() string { return lib.Hello() }
