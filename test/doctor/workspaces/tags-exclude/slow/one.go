//go:build integration && !short

// Package slow is for a long night.
package slow

// One is slow.
func One() {}
