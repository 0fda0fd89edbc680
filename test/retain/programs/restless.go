package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"unsafe"
)

type unreachable struct{ next *unreachable }
type reachable struct{ value [3]int }
type steady struct {
	next *steady
	pad  [6]int
}
type rotated struct{ value [8]int }
type garbage struct {
	next *garbage
	pad  [9]int
}
type letGo struct {
	next *letGo
	pad  [3]int
}
type asNumber struct {
	next *asNumber
	pad  [5]int
}
type inBusyLoop struct{ value [12]int }
type swapped struct{ value [13]int }

const workers = 2

var (
	reachables []*reachable
	steadies   *steady
	rotating   [workers][1_000]*rotated
	swapping   [workers]map[int]*swapped
	latest     [workers]*garbage
	counted    atomic.Int64

	letGoList    *letGo
	asNumberList *asNumber
	// An address that is no pointer keeps nothing alive, but lies beside one.
	hiding struct {
		pointer *int
		at      uintptr
	}
)

func init() {
	scenario("garbage since the last collection", func(e *expected) {
		for i := 0; i < 1_000; i++ {
			reachables = append(reachables, &reachable{}) // alloc main.reachable
			// A cycle that nothing leads to.
			loop := &unreachable{} // alloc main.unreachable
			loop.next = &unreachable{next: loop}
		}
		e.hooks.afterStats = func() {
			for i := 0; i < 200; i++ {
				var list *unreachable
				for j := 0; j < 10_000; j++ {
					list = &unreachable{next: list}
				}
				use(list)
			}
		}
		objects[reachable](e, 1_000).on("global", "main.reachables", "[…]")
		objects[unreachable](e, 0)
	})

	scenario("died since the last collection", func(e *expected) {
		for i := 0; i < 5_000; i++ {
			letGoList = &letGo{next: letGoList} // alloc main.letGo
		}
		for i := 0; i < 3_000; i++ {
			asNumberList = &asNumber{next: asNumberList} // alloc main.asNumber
		}
		e.hooks.afterStats = func() {
			hiding.at = uintptr(unsafe.Pointer(asNumberList))
			letGoList, asNumberList = nil, nil
		}
		// HeapObjects still counts them.
		e.Restless = true
		e.Died, e.Missed = 5_000, 3_000
		objects[letGo](e, 0)
		objects[asNumber](e, 0)
	})

	scenario("under load", func(e *expected) {
		e.Restless = true
		const nodes = 100_000
		for i := 0; i < nodes; i++ {
			steadies = &steady{next: steadies} // alloc main.steady
		}
		for worker := 0; worker < workers; worker++ {
			for i := range rotating[worker] {
				rotating[worker][i] = &rotated{}
			}
			swapping[worker] = map[int]*swapped{}
			for i := 0; i < 1_000; i++ {
				swapping[worker][i] = &swapped{}
			}
		}
		e.hooks.afterStats = func() {
			debug.SetGCPercent(100)
			for worker := 0; worker < workers; worker++ {
				go rotates(worker)
			}
			go spins()
		}
		objects[steady](e, nodes).retaining(nodes*objectBytes[steady]()).under("global", "main.steadies")
		objects[rotated](e, workers*1_000).More = workers
		objects[swapped](e, workers*1_000).More = workers
		// Held by a register. A collection may just have taken it off its processor, and then it lies where no map leads.
		objects[inBusyLoop](e, 0).More = 1
	})
}

// Replaces one after the other, and leaves garbage behind.
func rotates(worker int) {
	for i := 0; ; i++ {
		fresh := &rotated{}
		fresh.value[0] = i
		rotating[worker][i%len(rotating[worker])] = fresh
		swapping[worker][i%1_000] = &swapped{}
		var list *garbage
		for j := 0; j < 20; j++ {
			list = &garbage{next: list}
		}
		latest[worker] = list
		if i%1_000 == 0 {
			runtime.Gosched()
		}
	}
}

// Never calls anything: where it is stopped, there may be nothing of it but what is in the registers.
func spins() {
	held := onHeap[inBusyLoop]()
	for {
		held.value[3]++
		if held.value[3] == -1 {
			return
		}
		counted.Store(int64(held.value[3]))
	}
}
