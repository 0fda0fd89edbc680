package main

import "container/list"

type listNode struct {
	next  *listNode
	value int
}
type ringNode struct {
	next, previous *ringNode
	load           *ringLoad
}
type ringLoad struct{ value [12]int }
type treeNode struct {
	left, right *treeNode
	value       int
}
type element struct{ value [3]int }

var (
	listHead *listNode
	ring     *ringNode
	tree     *treeNode
	listed   list.List
)

// Who dominates what: all is below the registry; the shared one is below it alone, since both sides lead there.
type registry struct {
	left  *leftSide
	right *rightSide
	pad   [3]int
}
type leftSide struct {
	own    *ownOfLeft
	shared *shared
}
type rightSide struct {
	shared *shared
	own    []ownOfRight
}
type ownOfLeft struct{ value [20]int }
type ownOfRight struct{ value [4]int }
type shared struct {
	below *belowShared
	pad   [5]int
}
type belowShared struct{ value [30]int }

// Held by two globals: neither of them retains it.
type heldTwice struct{ value [7]int }
type holder struct {
	held *heldTwice
	pad  [9]int
}

var (
	theRegistry   *registry
	firstHolder   *holder
	secondHolder  *holder
	manyToOne     [2][]*manyTo
	sharedByMany  = 1_000
	nestedThrough *sameInSame
)

type manyTo struct {
	one *theOne
	own *ownOfMany
}
type theOne struct{ value [50]int }
type ownOfMany struct{ value [3]int }

// An object below another of its type counts once in what the type retains.
type sameInSame struct {
	inner *sameInSame
	load  *sameLoad
}
type sameLoad struct{ value [100]int }

func init() {
	scenario("list of a million", func(e *expected) {
		const nodes = 1_000_000
		for i := 0; i < nodes; i++ {
			listHead = &listNode{next: listHead, value: i} // alloc main.listNode
		}
		objects[listNode](e, nodes).retaining(nodes*objectBytes[listNode]()).under("global", "main.listHead")
	})

	scenario("tree", func(e *expected) {
		const levels = 16
		tree = grow(levels)
		objects[treeNode](e, 1<<levels-1).retaining((1<<levels-1)*objectBytes[treeNode]()).under("global", "main.tree")
	})

	scenario("cycles", func(e *expected) {
		const nodes = 1_000
		for i := 0; i < nodes; i++ {
			node := &ringNode{load: &ringLoad{}} // alloc main.ringNode, main.ringLoad
			node.next, node.previous = node, node
			if ring != nil {
				node.next, node.previous = ring, ring.previous
				node.next.previous, node.previous.next = node, node
			}
			ring = node
			listed.PushBack(&element{}) // alloc main.element
		}
		objects[ringNode](e, nodes).retaining(nodes*(objectBytes[ringNode]()+objectBytes[ringLoad]())).under("global", "main.ring")
		objects[ringLoad](e, nodes).retaining(nodes*objectBytes[ringLoad]()).under("global", "main.ring")
		objects[element](e, nodes).under("global", "main.listed")
		objects[list.Element](e, nodes).under("global", "main.listed")
	})

	scenario("shared objects", func(e *expected) {
		s := &shared{below: &belowShared{}}                                  // alloc main.shared, main.belowShared
		left := &leftSide{own: &ownOfLeft{}, shared: s}                      // alloc main.leftSide, main.ownOfLeft
		right := &rightSide{shared: s, own: make([]ownOfRight, 10)}          // alloc main.rightSide, []main.ownOfRight
		theRegistry = &registry{left: left, right: right}                    // alloc main.registry
		once := &heldTwice{}                                                 // alloc main.heldTwice
		firstHolder, secondHolder = &holder{held: once}, &holder{held: once} // alloc main.holder

		sharedBytes := objectBytes[shared]() + objectBytes[belowShared]()
		leftBytes := objectBytes[leftSide]() + objectBytes[ownOfLeft]()
		rightBytes := objectBytes[rightSide]() + arrayBytes[ownOfRight](10)
		objects[registry](e, 1).retaining(objectBytes[registry]()+leftBytes+rightBytes+sharedBytes).on("global", "main.theRegistry", "")
		objects[leftSide](e, 1).retaining(leftBytes).on("global", "main.theRegistry", ".left")
		objects[rightSide](e, 1).retaining(rightBytes).on("global", "main.theRegistry", ".right")
		objects[ownOfLeft](e, 1).retaining(objectBytes[ownOfLeft]()).on("global", "main.theRegistry", ".left.own")
		arrays[ownOfRight](e, 1, 10).retaining(arrayBytes[ownOfRight](10))
		objects[shared](e, 1).retaining(sharedBytes)
		objects[belowShared](e, 1).retaining(objectBytes[belowShared]())
		objects[heldTwice](e, 1).retaining(objectBytes[heldTwice]())
		objects[holder](e, 2).retaining(2*objectBytes[holder]()).
			some(1, "global", "main.firstHolder", "").
			some(1, "global", "main.secondHolder", "")

		one := &theOne{} // alloc main.theOne
		for side := range manyToOne {
			manyToOne[side] = make([]*manyTo, sharedByMany)
			for i := range manyToOne[side] {
				manyToOne[side][i] = &manyTo{one: one, own: &ownOfMany{}} // alloc main.manyTo, main.ownOfMany
			}
		}
		both := objectBytes[manyTo]() + objectBytes[ownOfMany]()
		objects[theOne](e, 1).retaining(objectBytes[theOne]())
		objects[manyTo](e, 2*sharedByMany).retaining(2*uint64(sharedByMany)*both).on("global", "main.manyToOne", "[…][…]")
		objects[ownOfMany](e, 2*sharedByMany).on("global", "main.manyToOne", "[…][…].own")

		nestedThrough = &sameInSame{load: &sameLoad{}, inner: &sameInSame{load: &sameLoad{}}} // alloc main.sameInSame, main.sameLoad
		objects[sameInSame](e, 2).retaining(2 * (objectBytes[sameInSame]() + objectBytes[sameLoad]()))
		objects[sameLoad](e, 2).
			some(1, "global", "main.nestedThrough", ".load").
			some(1, "global", "main.nestedThrough", ".inner.load")
	})
}

func grow(levels int) *treeNode {
	if levels == 0 {
		return nil
	}
	return &treeNode{left: grow(levels - 1), right: grow(levels - 1)} // alloc main.treeNode
}
