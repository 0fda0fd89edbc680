package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type inSyncMap struct{ value [3]int }
type syncMapKey struct{ value [4]int }
type overwritten struct{ value [40]int }
type inPool struct{ value [30]int }
type inVictim struct{ value [33]int }
type dropped struct{ value [8]int }
type inAtomic struct{ value [10]int }
type inAtomicValue struct{ value [11]int }

var (
	syncMap      sync.Map
	syncMapPtr   *sync.Map
	pool         sync.Pool
	victimPool   sync.Pool
	atomicPtr    atomic.Pointer[inAtomic]
	atomicValue  atomic.Value
	atomicHolder []*atomicOwner
)

type atomicOwner struct {
	current atomic.Pointer[inAtomic]
	pad     [12]int
}

type finalized struct {
	below *belowFinalized
	pad   [13]int
}
type belowFinalized struct{ value [28]int }
type finalizerState struct{ value [15]int }
type blocker struct{ value [16]int }
type dueObject struct {
	below *belowDue
	pad   [17]int
}
type belowDue struct{ value [30]int }
type finalizedGone struct{ value [19]int }

var (
	withFinalizer []*finalized
	blocked       = make(chan struct{})
)

type timerState struct{ value [20]int }
type timerOwner struct {
	timer *time.Timer
	state *ownedByTimerOwner
	pad   [21]int
}
type ownedByTimerOwner struct{ value [22]int }
type stoppedState struct{ value [23]int }
type sleeperState struct{ value [24]int }
type tickerOwner struct {
	ticker *time.Ticker
	pad    [25]int
}

var (
	timerOwners  []*timerOwner
	tickerOwners []*tickerOwner
)

type contextValue struct{ value [26]int }
type leakedContextValue struct{ value [27]int }
type contextKey struct{}

var (
	chain       context.Context
	rootContext context.Context
)

func init() {
	scenario("sync", func(e *expected) {
		syncMapPtr = &sync.Map{}
		for i := 0; i < 1_000; i++ {
			syncMap.Store(i, &overwritten{})              // alloc main.overwritten
			syncMap.Store(i, &inSyncMap{})                // alloc main.inSyncMap
			syncMapPtr.Store(&syncMapKey{}, &inSyncMap{}) // alloc main.syncMapKey, main.inSyncMap
		}
		for i := 0; i < 500; i++ {
			syncMap.Load(i)
			syncMap.Delete(i)
		}
		objects[inSyncMap](e, 1_500).
			some(500, "global", "main.syncMap", "[…]").
			some(1_000, "global", "main.syncMapPtr", "[…]")
		objects[syncMapKey](e, 1_000).on("global", "main.syncMapPtr", "[…] (key)")
		objects[overwritten](e, 0)

		atomicPtr.Store(onHeap[inAtomic]()) // alloc main.inAtomic
		for i := 0; i < 5; i++ {
			owner := &atomicOwner{}
			owner.current.Store(onHeap[inAtomic]()) // alloc main.inAtomic
			atomicHolder = append(atomicHolder, owner)
		}
		atomicValue.Store(&inAtomicValue{}) // alloc main.inAtomicValue
		objects[inAtomic](e, 6).
			some(1, "global", "main.atomicPtr", "").
			some(5, "global", "main.atomicHolder", "[…].current")
		objects[inAtomicValue](e, 1).on("global", "main.atomicValue", "")
	})

	scenario("pools", func(e *expected) {
		// A collection moves what is in a pool to its victims, and drops the victims.
		for i := 0; i < 10; i++ {
			victimPool.Put(&dropped{}) // alloc main.dropped
		}
		e.hooks.beforeLastGC = func() {
			for i := 0; i < 100; i++ {
				victimPool.Put(&inVictim{}) // alloc main.inVictim
			}
		}
		e.hooks.afterLastGC = func() {
			for i := 0; i < 100; i++ {
				pool.Put(&inPool{}) // alloc main.inPool
			}
		}
		objects[dropped](e, 0)
		objects[inVictim](e, 100).under("global", "main.victimPool")
		objects[inPool](e, 100).under("global", "main.pool")
	})

	scenario("finalizers", func(e *expected) {
		for i := 0; i < 10; i++ {
			f := &finalized{below: &belowFinalized{}} // alloc main.finalized, main.belowFinalized
			state := &finalizerState{}                // alloc main.finalizerState
			runtime.SetFinalizer(f, func(*finalized) { state.value[0]++ })
			withFinalizer = append(withFinalizer, f)

			gone := &finalizedGone{} // alloc main.finalizedGone
			runtime.SetFinalizer(gone, func(*finalizedGone) {})
		}
		objects[finalized](e, 10).on("global", "main.withFinalizer", "[…]")
		// By the object, and by its finalizer, which must find it whole.
		objects[belowFinalized](e, 10)
		objects[finalizerState](e, 10).under("finalizer", "")
		objects[finalizedGone](e, 0)
	})

	scenario("finalizers that are due", func(e *expected) {
		// One never ends, so the others wait for it.
		running := make(chan struct{})
		inGoroutine(func() {
			runtime.SetFinalizer(&blocker{}, func(*blocker) { close(running); <-blocked }) // alloc main.blocker
		})
		runtime.GC()
		<-running
		for i := 0; i < 10; i++ {
			runtime.SetFinalizer(&dueObject{below: &belowDue{}}, func(*dueObject) {}) // alloc main.dueObject, main.belowDue
		}
		objects[blocker](e, 1)
		objects[dueObject](e, 10).retaining(10*(objectBytes[dueObject]()+objectBytes[belowDue]())).under("due", "")
		objects[belowDue](e, 10).under("due", "")
	})

	scenario("timers", func(e *expected) {
		for i := 0; i < 10; i++ {
			state := &timerState{} // alloc main.timerState
			time.AfterFunc(time.Hour, func() { state.value[0]++ })
			timerOwners = append(timerOwners, &timerOwner{timer: time.NewTimer(time.Hour), state: &ownedByTimerOwner{}}) // alloc main.timerOwner, main.ownedByTimerOwner
			tickerOwners = append(tickerOwners, &tickerOwner{ticker: time.NewTicker(time.Hour)})                         // alloc main.tickerOwner

			stopped := &stoppedState{} // alloc main.stoppedState
			time.AfterFunc(time.Hour, func() { stopped.value[0]++ }).Stop()
		}
		ready := make(chan struct{})
		for i := 0; i < 10; i++ {
			go sleeper(ready)
			<-ready
		}
		objects[timerState](e, 10)
		objects[timerOwner](e, 10).on("global", "main.timerOwners", "[…]")
		objects[ownedByTimerOwner](e, 10).on("global", "main.timerOwners", "[…].state")
		objects[tickerOwner](e, 10).on("global", "main.tickerOwners", "[…]")
		objects[sleeperState](e, 10).under("goroutine", "main.sleeper")
	})

	scenario("contexts", func(e *expected) {
		chain = context.Background()
		for i := 0; i < 20; i++ {
			chain = context.WithValue(chain, contextKey{}, &contextValue{}) // alloc main.contextValue
		}
		objects[contextValue](e, 20).retaining(20*objectBytes[contextValue]()).under("global", "main.chain")

		// Children that nobody has cancelled are held by their parent.
		var cancel context.CancelFunc
		rootContext, cancel = context.WithCancel(context.Background())
		use(&cancel)
		var ends []context.CancelFunc
		for i := 0; i < 100; i++ {
			withValue := context.WithValue(rootContext, contextKey{}, &leakedContextValue{}) // alloc main.leakedContextValue
			child, end := context.WithCancel(withValue)
			ends = append(ends, end)
			use(&child)
		}
		for i := 0; i < len(ends); i += 10 {
			ends[i]()
		}
		objects[leakedContextValue](e, 90).on("global", "main.rootContext", ".children[…] (key).Context.val")
	})
}

func sleeper(ready chan<- struct{}) {
	state := onHeap[sleeperState]() // alloc main.sleeperState
	ready <- struct{}{}
	time.Sleep(time.Hour)
	state.value[0]++
	runtime.KeepAlive(state)
}
