package main

import "unsafe"

// Interfaces: what their data word is depends on the type in them.

type named interface{ name() string }

type byPointer struct{ value [3]int }
type byValue struct {
	held *heldByValue
	n    int
}
type heldByValue struct{ value [4]int }
type zeroSized struct{}

// Shaped like one pointer: the interface's data word is the pointer itself, and no object lies in between.
type direct struct{ to *behindDirect }
type directArray [1]*behindArray
type directFunc func() *behindFunc
type directMap map[string]*behindMap
type directChan chan *behindChan
type behindDirect struct{ value [5]int }
type behindArray struct{ value [6]int }
type behindFunc struct{ value [7]int }
type behindMap struct{ value [8]int }
type behindChan struct{ value [9]int }

func (*byPointer) name() string { return "pointer" }
func (byValue) name() string    { return "value" }
func (zeroSized) name() string  { return "nothing" }
func (direct) name() string     { return "direct" }

var (
	emptyInterfaces []any
	namedOnes       []named
	mixedDirect     [5]any
	namedDirect     named
	nested          any
)

// Closures and functions.

type byVariable struct{ value [3]int }
type boxedVariable struct{ value [4]int }
type receiver struct {
	held *heldByReceiver
	pad  [5]int
}
type heldByReceiver struct{ value [7]int }
type valueReceiver struct {
	held *heldByCopy
	pad  [8]int
}
type heldByCopy struct{ value [14]int }
type twoDeep struct{ value [11]int }
type unusedByClosure struct{ value [12]int }

// Too large for registers: its copy lies in the closure itself, but for one that is changed, which lies apart. Of a copy the debug
// information tells only where it is used as a whole; and not even then on 64-bit ARM, where the compiler needs no register for its
// address.
type wide struct {
	first *behindWide
	pad   [6]int
}
type behindWide struct{ value [15]int }
type wideByAddress struct {
	first *behindShared
	pad   [5]int
}
type behindShared struct{ value [18]int }

//go:noinline
func ofWide(value wide) int { return value.first.value[0] }

func (r *receiver) get() *heldByReceiver { return r.held }
func (r valueReceiver) get() *heldByCopy { return r.held }

var (
	capturing     []func() int
	capturingRefs []func() int
	methodValues  []func() *heldByReceiver
	copiedMethods []func() *heldByCopy
	deep          func() func() int
	wideFirst     []func() int
	wideLast      []func() int
	wideShared    []func() int
)

// Behind a pointer without a type: small objects stay unknown, large ones say what they are.

type untypedLarge struct {
	pad  [100]int
	held *belowUntyped
}
type belowUntyped struct{ value [13]int }

// What only looks like a pointer holds nothing.
type lookAlike struct {
	address uintptr
	pad     [3]int
}
type lookedAt struct{ value [14]int }

var (
	untyped    []unsafe.Pointer
	lookAlikes []*lookAlike
)

type pair[K comparable, V any] struct {
	key   K
	value V
	next  *pair[K, V]
}
type genericItem struct{ value [17]int }
type stackOf[T any] struct {
	items []*T
	pad   [4]int
}

var (
	intPairs    *pair[int, string]
	structPairs *pair[genericKey, *genericItem]
	generic     stackOf[genericItem]
	genericPtr  *stackOf[genericItem]
)

type genericKey struct{ a, b int }

func init() {
	scenario("interfaces", func(e *expected) {
		for i := 0; i < 10; i++ {
			emptyInterfaces = append(emptyInterfaces, &byPointer{})                      // alloc main.byPointer
			emptyInterfaces = append(emptyInterfaces, byValue{held: &heldByValue{}})     // alloc main.byValue, main.heldByValue
			emptyInterfaces = append(emptyInterfaces, zeroSized{}, i, "text", nil, 1.5)  // no object of a name
			namedOnes = append(namedOnes, &byPointer{})                                  // alloc main.byPointer
			namedOnes = append(namedOnes, byValue{held: &heldByValue{}})                 // alloc main.byValue, main.heldByValue
			namedOnes = append(namedOnes, zeroSized{}, direct{to: &behindDirect{}}, nil) // alloc main.behindDirect
		}
		objects[byPointer](e, 20).
			some(10, "global", "main.emptyInterfaces", "[…]").
			some(10, "global", "main.namedOnes", "[…]")
		objects[byValue](e, 20).retaining(20 * (objectBytes[byValue]() + objectBytes[heldByValue]()))
		objects[heldByValue](e, 20).
			some(10, "global", "main.emptyInterfaces", "[…].held").
			some(10, "global", "main.namedOnes", "[…].held")
		objects[zeroSized](e, 0)
		objects[direct](e, 0)

		inFunc := &behindFunc{} // alloc main.behindFunc
		inChan := make(directChan, 4)
		inChan <- &behindChan{}                                           // alloc main.behindChan
		mixedDirect[0] = direct{to: &behindDirect{}}                      // alloc main.behindDirect
		mixedDirect[1] = directArray{&behindArray{}}                      // alloc main.behindArray
		mixedDirect[2] = directFunc(func() *behindFunc { return inFunc }) // a closure
		mixedDirect[3] = directMap{"a": &behindMap{}, "b": &behindMap{}}  // alloc main.behindMap
		mixedDirect[4] = inChan                                           // as it is
		namedDirect = direct{to: &behindDirect{}}                         // alloc main.behindDirect
		// The interface has the pointer itself: nothing is left that would say by which field.
		objects[behindDirect](e, 12).
			some(10, "global", "main.namedOnes", "[…]").
			some(1, "global", "main.mixedDirect", "[0]").
			some(1, "global", "main.namedDirect", "")
		objects[behindArray](e, 1).under("global", "main.mixedDirect")
		objects[behindFunc](e, 1).on("global", "main.mixedDirect", "[2].inFunc").since(23)
		objects[behindMap](e, 2).on("global", "main.mixedDirect", "[…][…]").since(25)
		objects[behindChan](e, 1).under("global", "main.mixedDirect")
	})

	scenario("closures", func(e *expected) {
		for i := 0; i < 10; i++ {
			byVar := &byVariable{}       // alloc main.byVariable
			unused := &unusedByClosure{} // alloc main.unusedByClosure
			use(unused)
			capturing = append(capturing, func() int { return byVar.value[i] })
			var boxed boxedVariable // alloc main.boxedVariable
			capturingRefs = append(capturingRefs, func() int { boxed.value[0]++; return boxed.value[0] })
			r := &receiver{held: &heldByReceiver{}} // alloc main.receiver, main.heldByReceiver
			methodValues = append(methodValues, r.get)
			copiedMethods = append(copiedMethods, valueReceiver{held: &heldByCopy{}}.get) // alloc main.heldByCopy
		}
		objects[byVariable](e, 10).on("global", "main.capturing", "[…].byVar").since(23)
		objects[unusedByClosure](e, 0)
		objects[boxedVariable](e, 10).on("global", "main.capturingRefs", "[…].boxed").since(23)
		objects[receiver](e, 10).retaining(10*(objectBytes[receiver]()+objectBytes[heldByReceiver]())).under("global", "main.methodValues")
		objects[heldByReceiver](e, 10).under("global", "main.methodValues")
		objects[heldByCopy](e, 10).under("global", "main.copiedMethods")
		two := &twoDeep{} // alloc main.twoDeep
		deep = func() func() int { return func() int { return two.value[0] } }
		inner := deep()
		capturing = append(capturing, inner)
		objects[twoDeep](e, 1).since(23)
	})

	scenario("closures over wide values", func(e *expected) {
		for i := 0; i < 10; i++ {
			first := wide{first: &behindWide{}} // alloc main.behindWide
			wideLast = append(wideLast, func() int { return ofWide(first) })
			byVar := &byVariable{} // alloc main.byVariable
			wideFirst = append(wideFirst, func() int { return ofWide(first) + byVar.value[0] })
			both := wideByAddress{first: &behindShared{}} // alloc main.wideByAddress, main.behindShared
			wideShared = append(wideShared, func() int { both.pad[i%5]++; return both.first.value[0] })
		}
		objects[wide](e, 0)
		objects[behindWide](e, 10).since(26).notOn("arm64")
		objects[byVariable](e, 10).on("global", "main.wideFirst", "[…].byVar").since(23)
		objects[wideByAddress](e, 10).on("global", "main.wideShared", "[…].both").since(23)
		objects[behindShared](e, 10).on("global", "main.wideShared", "[…].both.first").since(23)
	})

	scenario("untyped pointers", func(e *expected) {
		for i := 0; i < 10; i++ {
			untyped = append(untyped, unsafe.Pointer(&untypedLarge{held: &belowUntyped{}}))     // alloc main.untypedLarge, main.belowUntyped
			gone := &lookedAt{}                                                                 // alloc main.lookedAt
			lookAlikes = append(lookAlikes, &lookAlike{address: uintptr(unsafe.Pointer(gone))}) // alloc main.lookAlike
		}
		objects[untypedLarge](e, 10).retaining(10*(objectBytes[untypedLarge]()+objectBytes[belowUntyped]())).on("global", "main.untyped", "[…]")
		objects[belowUntyped](e, 10).on("global", "main.untyped", "[…].held")
		objects[lookAlike](e, 10).retaining(10 * objectBytes[lookAlike]())
		objects[lookedAt](e, 0)
	})

	scenario("generics", func(e *expected) {
		for i := 0; i < 10; i++ {
			intPairs = &pair[int, string]{key: i, next: intPairs}                                                          // alloc main.pair[int,string]
			structPairs = &pair[genericKey, *genericItem]{key: genericKey{a: i}, value: &genericItem{}, next: structPairs} // alloc main.pair[main.genericKey,*main.genericItem], main.genericItem
			generic.items = append(generic.items, &genericItem{})                                                          // alloc main.genericItem
		}
		genericPtr = &stackOf[genericItem]{items: []*genericItem{{}}} // alloc main.stackOf[main.genericItem], main.genericItem
		objects[pair[int, string]](e, 10).under("global", "main.intPairs")
		objects[pair[genericKey, *genericItem]](e, 10).under("global", "main.structPairs")
		objects[genericItem](e, 21)
		objects[stackOf[genericItem]](e, 1)
	})
}

// As new(T), when the compiler would find room on the stack.
//
//go:noinline
func onHeap[T any]() *T { return new(T) }

//go:noinline
func use[T any](value *T) *T { return value }
