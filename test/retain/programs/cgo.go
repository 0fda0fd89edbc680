//go:build cgo

package main

// #include <unistd.h>
// static void wait_forever(void) { for (;;) pause(); }
import "C"

import (
	"runtime"
	"time"
)

type inForeignCall struct{ value [3]int }

func init() {
	scenario("calls into C", func(e *expected) {
		ready := make(chan struct{})
		for i := 0; i < 10; i++ {
			go callsForeign(ready)
			<-ready
		}
		time.Sleep(20 * time.Millisecond)
		objects[inForeignCall](e, 10).under("goroutine", "main.callsForeign")
	})
}

func callsForeign(ready chan<- struct{}) {
	held := onHeap[inForeignCall]() // alloc main.inForeignCall
	ready <- struct{}{}
	C.wait_forever()
	use(held).value[0]++
	runtime.KeepAlive(held)
}
