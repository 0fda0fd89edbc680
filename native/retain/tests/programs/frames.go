// Functions with parameters in registers and local variables on the stack.
package main

import "os"

type held struct{ value [4]int }

var kept *held

//go:noinline
func fourParameters(first *held, second int, third []byte, fourth *held) int {
	kept = first
	var local [64]byte
	copy(local[:], third)
	use(&local)
	return second + len(third) + fourth.value[3]
}

//go:noinline
func use(local *[64]byte) { local[0]++ }

func main() {
	os.Exit(fourParameters(&held{}, len(os.Args), []byte(os.Args[0]), &held{}))
}
