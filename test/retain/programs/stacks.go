package main

import (
	"runtime"
	"syscall"
)

// What only a stack holds: as long as the code that waits there will still look at it, and no longer.

type liveOnStack struct{ value [3]int }
type deadOnStack struct{ value [4]int }
type liveInCaller struct{ value [5]int }
type deadInCaller struct{ value [6]int }
type inStackObject struct{ value [7]int }
type inDeadStackObject struct{ value [8]int }
type inArgument struct{ value [9]int }
type inSyscall struct{ value [10]int }
type inDefer struct{ value [11]int }
type inLoopDefer struct{ value [12]int }
type inPanic struct{ value [13]int }
type aboveFault struct{ value [22]int }
type deadAboveFault struct{ value [23]int }
type aboveFaultInLeaf struct{ value [24]int }
type deadAboveFaultInLeaf struct{ value [25]int }
type inRecovered struct{ value [14]int }
type inGoStatement struct{ value [15]int }
type inBoundMethod struct{ value [16]int }
type inInterfaceOnStack struct{ value [17]int }
type inDeepStack struct{ value [18]int }
type leakBuffer struct{ value [16 << 10]byte }
type inRegister struct {
	next  *behindRegister
	value [20]int
}
type behindRegister struct{ value [21]int }
type notStarted struct{ value [19]int }

const stacksOfEach = 10

var pipes [2]int

func (b *inBoundMethod) wait(ready chan<- struct{}) {
	ready <- struct{}{}
	<-never
	b.value[0]++
}

func init() {
	scenario("stacks", func(e *expected) {
		if err := syscall.Pipe(pipes[:]); err != nil {
			panic(err)
		}
		ready := make(chan struct{})
		start := func(body func(chan<- struct{})) {
			for i := 0; i < stacksOfEach; i++ {
				go body(ready)
				<-ready
			}
		}
		start(holdsLive)
		start(holdsDead)
		start(callerHolds)
		start(holdsThroughStackObject)
		start(holdsDeadStackObject)
		start(inSystemCall)
		start(inDeferred)
		start(inLoopOfDefers)
		start(whilePanicking)
		start(whileFaulting)
		start(whileFaultingInLeaf)
		start(afterRecovering)
		start(behindInterface)
		start(deepDown)
		for i := 0; i < stacksOfEach; i++ {
			argument := onHeap[inArgument]() // alloc main.inArgument
			go takesArgument(argument, ready)
			<-ready
			inGo := onHeap[inGoStatement]() // alloc main.inGoStatement
			go func() { ready <- struct{}{}; <-never; inGo.value[0]++ }()
			<-ready
			bound := onHeap[inBoundMethod]() // alloc main.inBoundMethod
			go bound.wait(ready)
			<-ready
		}
		objects[liveOnStack](e, stacksOfEach).under("goroutine", "main.holdsLive")
		objects[deadOnStack](e, 0)
		objects[liveInCaller](e, stacksOfEach).under("goroutine", "main.callerHolds")
		objects[deadInCaller](e, 0)
		objects[inStackObject](e, stacksOfEach).under("goroutine", "main.holdsThroughStackObject")
		objects[inDeadStackObject](e, 0)
		objects[inArgument](e, stacksOfEach).under("goroutine", "main.takesArgument")
		objects[inSyscall](e, stacksOfEach).under("goroutine", "main.inSystemCall")
		objects[inDefer](e, stacksOfEach).under("goroutine", "main.inDeferred").since(23)
		objects[inLoopDefer](e, 3*stacksOfEach).under("goroutine", "main.inLoopOfDefers").since(23)
		objects[inPanic](e, stacksOfEach).under("goroutine", "main.whilePanicking")
		objects[aboveFault](e, stacksOfEach).under("goroutine", "main.whileFaulting")
		objects[deadAboveFault](e, 0)
		objects[aboveFaultInLeaf](e, stacksOfEach).under("goroutine", "main.whileFaultingInLeaf")
		objects[deadAboveFaultInLeaf](e, 0)
		objects[inRecovered](e, 0)
		objects[inGoStatement](e, stacksOfEach)
		objects[inBoundMethod](e, stacksOfEach)
		objects[inInterfaceOnStack](e, stacksOfEach).under("goroutine", "main.behindInterface")
		objects[inDeepStack](e, 100*stacksOfEach).under("goroutine", "main.deepDown")
	})

	// Read where the system allows it to the watchdog.
	scenario("registers", func(e *expected) {
		e.Computing = true
		ready := make(chan struct{})
		go computes(ready)
		<-ready
		objects[inRegister](e, 1).under("goroutine", "main.computes")
		objects[behindRegister](e, 1).under("goroutine", "main.computes")
	})

	scenario("a thousand leaked goroutines", func(e *expected) {
		ready := make(chan struct{})
		for i := 0; i < 1_000; i++ {
			go leaker(ready)
			<-ready
		}
		objects[leakBuffer](e, 1_000).retaining(1_000*objectBytes[leakBuffer]()).under("goroutine", "main.leaker")
	})
}

func leaker(ready chan<- struct{}) {
	buffer := onHeap[leakBuffer]() // alloc main.leakBuffer
	ready <- struct{}{}
	<-never
	buffer.value[0]++
	runtime.KeepAlive(buffer)
}

func holdsLive(ready chan<- struct{}) {
	live := onHeap[liveOnStack]() // alloc main.liveOnStack
	ready <- struct{}{}
	<-never
	use(live).value[0]++
	runtime.KeepAlive(live)
}

func holdsDead(ready chan<- struct{}) {
	dead := onHeap[deadOnStack]() // alloc main.deadOnStack
	// It is written to the stack, since it outlives the call; nobody clears the slot.
	touch()
	use(dead).value[0]++
	ready <- struct{}{}
	<-never
}

func callerHolds(ready chan<- struct{}) {
	live := onHeap[liveInCaller]() // alloc main.liveInCaller
	dead := onHeap[deadInCaller]() // alloc main.deadInCaller
	touch()
	use(dead).value[0]++
	waits(ready)
	use(live).value[0]++
	runtime.KeepAlive(live)
}

//go:noinline
func waits(ready chan<- struct{}) {
	ready <- struct{}{}
	<-never
}

//go:noinline
func touch() { runtime.Gosched() }

type stackObject struct {
	n    int
	held *inStackObject
	more [3]*inStackObject
}

func holdsThroughStackObject(ready chan<- struct{}) {
	var object stackObject
	object.held = onHeap[inStackObject]() // alloc main.inStackObject
	waitsWith(&object, ready)
}

//go:noinline
func waitsWith(object *stackObject, ready chan<- struct{}) {
	ready <- struct{}{}
	<-never
	object.held.value[0]++
}

type deadStackObject struct {
	n    int
	held *inDeadStackObject
}

func holdsDeadStackObject(ready chan<- struct{}) {
	var object deadStackObject
	object.held = onHeap[inDeadStackObject]() // alloc main.inDeadStackObject
	looksAt(&object)
	ready <- struct{}{}
	<-never
}

//go:noinline
func looksAt(object *deadStackObject) { object.held.value[object.n]++ }

//go:noinline
func takesArgument(argument *inArgument, ready chan<- struct{}) {
	ready <- struct{}{}
	<-never
	argument.value[0]++
}

func inSystemCall(ready chan<- struct{}) {
	held := onHeap[inSyscall]() // alloc main.inSyscall
	var one [1]byte
	ready <- struct{}{}
	syscall.Read(pipes[0], one[:])
	use(held).value[0]++
	runtime.KeepAlive(held)
}

func inDeferred(ready chan<- struct{}) {
	held := onHeap[inDefer]() // alloc main.inDefer
	defer func() { held.value[0]++ }()
	waits(ready)
}

func inLoopOfDefers(ready chan<- struct{}) {
	for i := 0; i < 3; i++ {
		held := onHeap[inLoopDefer]() // alloc main.inLoopDefer
		defer func() { held.value[0]++ }()
	}
	waits(ready)
}

func whilePanicking(ready chan<- struct{}) {
	defer waits(ready)
	panic(&inPanic{}) // alloc main.inPanic
}

var nowhere *[4]int

// A fault is a panic, too: the handler of the signal makes it look as if the code had called for it.
func whileFaulting(ready chan<- struct{}) {
	live := onHeap[aboveFault]()     // alloc main.aboveFault
	dead := onHeap[deadAboveFault]() // alloc main.deadAboveFault
	touch()
	use(dead).value[0]++
	faults(ready)
	use(live).value[0]++
	runtime.KeepAlive(live)
}

//go:noinline
func faults(ready chan<- struct{}) {
	defer waits(ready)
	nowhere[0] = 1
	touch()
}

// The same in code that has no frame of its own.
func whileFaultingInLeaf(ready chan<- struct{}) {
	live := onHeap[aboveFaultInLeaf]()     // alloc main.aboveFaultInLeaf
	dead := onHeap[deadAboveFaultInLeaf]() // alloc main.deadAboveFaultInLeaf
	touch()
	use(dead).value[0]++
	callsFault(ready)
	use(live).value[0]++
	runtime.KeepAlive(live)
}

//go:noinline
func callsFault(ready chan<- struct{}) {
	defer waits(ready)
	stores(nowhere)
	touch()
}

//go:noinline
func stores(at *[4]int) { at[0] = 1 }

func afterRecovering(ready chan<- struct{}) {
	recovers()
	waits(ready)
}

//go:noinline
func recovers() {
	defer func() { recover() }()
	panic(&inRecovered{}) // alloc main.inRecovered
}

func behindInterface(ready chan<- struct{}) {
	// Known at run time only: what the compiler knows itself, it does not put on the stack.
	held := hidden(onHeap[inInterfaceOnStack]()) // alloc main.inInterfaceOnStack
	ready <- struct{}{}
	<-never
	use(held.(*inInterfaceOnStack)).value[0]++
	runtime.KeepAlive(held)
}

func deepDown(ready chan<- struct{}) { deeper(100, ready) }

//go:noinline
func deeper(levels int, ready chan<- struct{}) {
	if levels == 0 {
		waits(ready)
		return
	}
	held := onHeap[inDeepStack]() // alloc main.inDeepStack
	deeper(levels-1, ready)
	use(held).value[0]++
	runtime.KeepAlive(held)
}

//go:noinline
func hidden(value any) any { return value }

// Never calls anything while it computes: what it holds is in a register and nowhere else.
func computes(ready chan<- struct{}) {
	held := onHeap[inRegister]()         // alloc main.inRegister
	held.next = onHeap[behindRegister]() // alloc main.behindRegister
	ready <- struct{}{}
	for {
		held.value[3]++
		if held.value[3] == -1 {
			return
		}
	}
}
