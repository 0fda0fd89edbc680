// Package needed is needed.
package needed

// Needed is needed.
const Needed = 1
