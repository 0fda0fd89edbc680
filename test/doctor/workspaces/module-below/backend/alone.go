// Package alone needs nobody.
package alone

// Alone is by itself.
func Alone() {}
