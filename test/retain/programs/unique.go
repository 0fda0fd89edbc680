//go:build go1.23

package main

import (
	"fmt"
	"runtime"
	"time"
	"unique"
)

type uniqueValue struct {
	name string
	n    [23]int
}
type uniqueGone struct {
	name string
	n    [19]int
}
type uniqueHolder struct {
	handle unique.Handle[uniqueValue]
	pad    [11]int
}

var (
	handles       []unique.Handle[uniqueValue]
	uniqueHolders []*uniqueHolder
)

func init() {
	scenario("unique", func(e *expected) {
		for i := 0; i < 100; i++ {
			handles = append(handles, unique.Make(uniqueValue{name: fmt.Sprint("value ", i)}))                                       // alloc main.uniqueValue
			uniqueHolders = append(uniqueHolders, &uniqueHolder{handle: unique.Make(uniqueValue{name: fmt.Sprint("value ", i%50)})}) // alloc main.uniqueHolder
			unique.Make(uniqueGone{name: fmt.Sprint("gone ", i)})                                                                    // alloc main.uniqueGone
		}
		// Go 1.23 looks at every handle when a collection begins, and what is looked at while it marks lives on until the next.
		e.hooks.beforeLastGC = func() {
			for i := 0; i < 30; i++ {
				runtime.GC()
				time.Sleep(5 * time.Millisecond)
			}
		}
		objects[uniqueValue](e, 100)
		objects[uniqueHolder](e, 100).on("global", "main.uniqueHolders", "[…]")
		objects[uniqueGone](e, 0)
	})
}
