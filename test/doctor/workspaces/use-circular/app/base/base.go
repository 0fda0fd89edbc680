// Package base is needed by lib.
package base

// Base is needed.
const Base = 1
