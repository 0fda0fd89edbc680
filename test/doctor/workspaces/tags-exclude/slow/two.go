//go:build integration && !short

// Package slow is for a long night.
package slow

// Two is slow.
func Two() {}
