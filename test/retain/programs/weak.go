//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

type weakOnly struct{ value [3]int }
type weakAndStrong struct{ value [4]int }
type weakOwner struct {
	to  weak.Pointer[weakAndStrong]
	pad [5]int
}
type cleanedUp struct{ value [6]int }
type cleanupState struct{ value [7]int }
type cleanupArg struct{ value [8]int }
type cleanedGone struct{ value [9]int }

var (
	weakPointers  []weak.Pointer[weakOnly]
	weakOwners    []*weakOwner
	strong        []*weakAndStrong
	withCleanup   []*cleanedUp
	cleanupsDone  int
	cleanupOfNext []*cleanedUp
)

func init() {
	scenario("weak pointers", func(e *expected) {
		for i := 0; i < 100; i++ {
			weakPointers = append(weakPointers, weak.Make(&weakOnly{})) // alloc main.weakOnly
			s := onHeap[weakAndStrong]()                                // alloc main.weakAndStrong
			strong = append(strong, s)
			weakOwners = append(weakOwners, &weakOwner{to: weak.Make(s)}) // alloc main.weakOwner
		}
		objects[weakOnly](e, 0)
		objects[weakAndStrong](e, 100).retaining(100*objectBytes[weakAndStrong]()).on("global", "main.strong", "[…]")
		objects[weakOwner](e, 100).on("global", "main.weakOwners", "[…]")
	})

	scenario("cleanups", func(e *expected) {
		for i := 0; i < 10; i++ {
			c := &cleanedUp{} // alloc main.cleanedUp
			withCleanup = append(withCleanup, c)
			state := &cleanupState{} // alloc main.cleanupState
			runtime.AddCleanup(c, func(n int) { state.value[0] += n }, i)
			runtime.AddCleanup(c, func(*cleanupArg) { cleanupsDone++ }, &cleanupArg{}) // alloc main.cleanupArg

			gone := &cleanedGone{} // alloc main.cleanedGone
			runtime.AddCleanup(gone, func(int) { cleanupsDone++ }, i)
		}
		objects[cleanedUp](e, 10).on("global", "main.withCleanup", "[…]")
		objects[cleanupState](e, 10).under("cleanup", "")
		objects[cleanupArg](e, 10).under("cleanup", "").since(26)
		// As the compiler calls any pointer where it compiles for all of them alike.
		objects[uint8](e, 0)
		objects[cleanedGone](e, 0)
	})
}
