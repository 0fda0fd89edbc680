// Package base has words.
package base

// Word is a word.
const Word = "hello"
