// Package source writes Go source text: real enough for go/parser and go/types.
package source

import (
	"bytes"
	"fmt"
)

// File is a file of so many functions, about 300 bytes each. Files of different numbers have different texts.
func File(number, functions int) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "// Code generated for edit %d. DO NOT EDIT.\n\npackage workspace\n\n", number)
	for i := range functions {
		fmt.Fprintf(&text, `// Sum%[1]d_%[2]d adds what is below a limit.
func Sum%[1]d_%[2]d(values []int, limit int) (sum int, names map[string]int) {
	names = map[string]int{"first": %[1]d, "second": %[2]d}
	for index, value := range values {
		if value < limit && index%%2 == 0 {
			sum += value * (index + %[2]d)
		}
	}
	return sum, names
}

`, number, i)
	}
	return text.Bytes()
}
