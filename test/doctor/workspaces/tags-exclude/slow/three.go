//go:build integration && !short

// Package slow is for a long night.
package slow

// Three is slow.
func Three() {}
