// Package lib says hello.
package lib

// Hello is what is said.
func Hello() string { return "hello" }
