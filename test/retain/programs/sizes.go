package main

import "reflect"

// Every way in which the runtime notes where an object's pointers are. The last word of each is one: it is found only where the whole
// note is read.

type edgeLeaf struct{ value [3]int }
type edge504 struct {
	pad  [62]int
	last *edgeLeaf
}
type edge512 struct {
	pad  [63]int
	last *edgeLeaf
}
type edge520 struct {
	pad  [64]int
	last *edgeLeaf
}
type edge1016 struct {
	pad  [126]int
	last *edgeLeaf
}
type edge1024 struct {
	pad  [127]int
	last *edgeLeaf
}
type edge1032 struct {
	pad  [128]int
	last *edgeLeaf
}
type edge8192 struct {
	pad  [1023]int
	last *edgeLeaf
}
type edge32752 struct {
	pad  [4093]int
	last *edgeLeaf
}
type edge32760 struct {
	pad  [4094]int
	last *edgeLeaf
}
type edge32768 struct {
	pad  [4095]int
	last *edgeLeaf
}
type edge32776 struct {
	pad  [4096]int
	last *edgeLeaf
}
type edge100000 struct {
	pad  [12499]int
	last *edgeLeaf
}
type plain24 struct{ value [3]int }
type plain512 struct{ value [64]int }
type plain520 struct{ value [65]int }
type plain32760 struct{ value [4095]int }
type plain32768 struct{ value [4096]int }
type plain32776 struct{ value [4097]int }
type plain1M struct{ value [1 << 17]int }

// Masks of more than one word, and of more than one byte of them a time.
type everyThird struct {
	cells [40]struct {
		a    *maskLeaf
		b, c int
	}
}
type maskLeaf struct{ value [5]int }

// In a slot with a header, the mask of the element is repeated.
type tiled struct {
	a    int
	p    *tiledLeaf
	b, c int
	q    *tiledLeaf
}
type tiledLeaf struct{ value [7]int }

// More than 128 words up to the last pointer: since go1.24 the mask is made when it is first needed, before it is a program.
type onDemand struct {
	cells [200]struct {
		n int
		p *onDemandLeaf
	}
}
type onDemandLeaf struct{ value [9]int }
type onDemandLarge struct {
	head  *onDemandLeaf
	cells [100]onDemandPart
	tail  *onDemandLeaf
}
type onDemandPart struct {
	pad [100]int
	p   *onDemandLeaf
	q   [3]*onDemandLeaf
}
type farApart struct {
	first *farLeaf
	pad   [1_500]int
	last  *farLeaf
}
type farLeaf struct{ value [11]int }

// Fewer than 16 bytes and no pointer: several share a block, and stay as long as one of them does.
type tinyHolder struct {
	numbers []*uint16
	pad     [12]int
}

var (
	edges        []any
	plains       []any
	masks        []*everyThird
	tiles        [][]tiled
	demanded     []*onDemand
	demandSlices [][]onDemand
	demandLarge  []*onDemandLarge
	apart        []*farApart
	apartSlices  [][]farApart
	tinies       []*tinyHolder
	embedded     *bigEmbedded
)

// Large ones in a row: an array whose element has pointers and is itself larger than a page.
type bigEmbedded struct {
	rows [8]edge8192
	tail *edgeLeaf
}

func edge[T any](e *expected, make func(leaf *edgeLeaf) *T) {
	for i := 0; i < edgesOfEach; i++ {
		edges = append(edges, make(&edgeLeaf{})) // alloc main.edgeLeaf
	}
	objects[T](e, edgesOfEach).retaining(edgesOfEach * (objectBytes[T]() + objectBytes[edgeLeaf]()))
}

const edgesOfEach = 5

func plain[T any](e *expected) {
	for i := 0; i < edgesOfEach; i++ {
		plains = append(plains, onHeap[T]())
	}
	objects[T](e, edgesOfEach).retaining(edgesOfEach*objectBytes[T]()).on("global", "main.plains", "[…]")
}

func init() {
	scenario("size classes", func(e *expected) {
		edge(e, func(leaf *edgeLeaf) *edge504 { return &edge504{last: leaf} })       // alloc main.edge504
		edge(e, func(leaf *edgeLeaf) *edge512 { return &edge512{last: leaf} })       // alloc main.edge512
		edge(e, func(leaf *edgeLeaf) *edge520 { return &edge520{last: leaf} })       // alloc main.edge520
		edge(e, func(leaf *edgeLeaf) *edge1016 { return &edge1016{last: leaf} })     // alloc main.edge1016
		edge(e, func(leaf *edgeLeaf) *edge1024 { return &edge1024{last: leaf} })     // alloc main.edge1024
		edge(e, func(leaf *edgeLeaf) *edge1032 { return &edge1032{last: leaf} })     // alloc main.edge1032
		edge(e, func(leaf *edgeLeaf) *edge8192 { return &edge8192{last: leaf} })     // alloc main.edge8192
		edge(e, func(leaf *edgeLeaf) *edge32752 { return &edge32752{last: leaf} })   // alloc main.edge32752
		edge(e, func(leaf *edgeLeaf) *edge32760 { return &edge32760{last: leaf} })   // alloc main.edge32760
		edge(e, func(leaf *edgeLeaf) *edge32768 { return &edge32768{last: leaf} })   // alloc main.edge32768
		edge(e, func(leaf *edgeLeaf) *edge32776 { return &edge32776{last: leaf} })   // alloc main.edge32776
		edge(e, func(leaf *edgeLeaf) *edge100000 { return &edge100000{last: leaf} }) // alloc main.edge100000
		objects[edgeLeaf](e, 12*edgesOfEach).on("global", "main.edges", "[…].last")
	})

	scenario("size classes without pointers", func(e *expected) {
		plain[plain24](e)    // alloc main.plain24
		plain[plain512](e)   // alloc main.plain512
		plain[plain520](e)   // alloc main.plain520
		plain[plain32760](e) // alloc main.plain32760
		plain[plain32768](e) // alloc main.plain32768
		plain[plain32776](e) // alloc main.plain32776
		plain[plain1M](e)    // alloc main.plain1M
	})

	scenario("pointer masks", func(e *expected) {
		for i := 0; i < 10; i++ {
			m := &everyThird{} // alloc main.everyThird
			for j := range m.cells {
				m.cells[j].a = &maskLeaf{} // alloc main.maskLeaf
			}
			masks = append(masks, m)
		}
		objects[everyThird](e, 10).retaining(10 * (objectBytes[everyThird]() + 40*objectBytes[maskLeaf]()))
		objects[maskLeaf](e, 400).on("global", "main.masks", "[…].cells[…].a")

		leaves := 0
		// 40 bytes each: with the pointers in a bitmap, with a header, and large.
		for _, length := range []int{2, 3, 12, 13, 100, 700, 5_000} {
			tile := make([]tiled, length) // alloc []main.tiled
			for i := range tile {
				tile[i].p, tile[i].q = &tiledLeaf{}, &tiledLeaf{} // alloc main.tiledLeaf
				leaves += 2
			}
			tiles = append(tiles, tile)
		}
		objects[tiledLeaf](e, leaves).
			some(leaves/2, "global", "main.tiles", "[…][…].p").
			some(leaves/2, "global", "main.tiles", "[…][…].q")
	})

	scenario("masks on demand", func(e *expected) {
		leaf := func() *onDemandLeaf { return onHeap[onDemandLeaf]() } // alloc main.onDemandLeaf
		fill := func(o *onDemand) {
			for i := range o.cells {
				o.cells[i].p = leaf()
			}
		}
		for i := 0; i < 5; i++ {
			o := &onDemand{} // alloc main.onDemand
			fill(o)
			demanded = append(demanded, o)
		}
		// 3,200 bytes each: with a header, and large.
		for _, length := range []int{2, 3, 10, 20} {
			many := make([]onDemand, length) // alloc []main.onDemand
			for i := range many {
				fill(&many[i])
			}
			demandSlices = append(demandSlices, many)
		}
		for i := 0; i < 3; i++ {
			o := &onDemandLarge{head: leaf(), tail: leaf()} // alloc main.onDemandLarge
			for j := range o.cells {
				o.cells[j].p = leaf()
				for k := range o.cells[j].q {
					o.cells[j].q[k] = leaf()
				}
			}
			demandLarge = append(demandLarge, o)
		}
		objects[onDemand](e, 5).retaining(5*(objectBytes[onDemand]()+200*objectBytes[onDemandLeaf]())).on("global", "main.demanded", "[…]")
		objects[onDemandLarge](e, 3).retaining(3 * (objectBytes[onDemandLarge]() + 402*objectBytes[onDemandLeaf]()))
		objects[onDemandLeaf](e, 200*(5+35)+402*3).
			some(1_000, "global", "main.demanded", "[…].cells[…].p").
			some(200*35, "global", "main.demandSlices", "[…][…].cells[…].p").
			some(3, "global", "main.demandLarge", "[…].head").
			some(3, "global", "main.demandLarge", "[…].tail").
			some(300, "global", "main.demandLarge", "[…].cells[…].p").
			some(900, "global", "main.demandLarge", "[…].cells[…].q[…]")

		for i := 0; i < 4; i++ {
			apart = append(apart, &farApart{first: &farLeaf{}, last: &farLeaf{}}) // alloc main.farApart, main.farLeaf
			many := make([]farApart, 3)                                           // alloc []main.farApart
			for j := range many {
				many[j].first, many[j].last = &farLeaf{}, &farLeaf{} // alloc main.farLeaf
			}
			apartSlices = append(apartSlices, many)
		}
		objects[farApart](e, 4).retaining(4 * (objectBytes[farApart]() + 2*objectBytes[farLeaf]()))
		objects[farLeaf](e, 8+24)

		embedded = &bigEmbedded{tail: &edgeLeaf{}} // alloc main.bigEmbedded, main.edgeLeaf
		for i := range embedded.rows {
			embedded.rows[i].last = &edgeLeaf{} // alloc main.edgeLeaf
		}
		objects[bigEmbedded](e, 1).retaining(objectBytes[bigEmbedded]() + 9*objectBytes[edgeLeaf]())
		objects[edgeLeaf](e, 9).
			some(8, "global", "main.embedded", ".rows[…].last").
			some(1, "global", "main.embedded", ".tail")
	})

	scenario("tiny allocations", func(e *expected) {
		for i := 0; i < 10; i++ {
			t := &tinyHolder{} // alloc main.tinyHolder
			for j := 0; j < 1_000; j++ {
				number := new(uint16)
				*number = uint16(j)
				t.numbers = append(t.numbers, number)
			}
			tinies = append(tinies, t)
		}
		objects[tinyHolder](e, 10)
	})

	scenario("types made by reflection", func(e *expected) {
		leafType := reflect.TypeFor[*reflectLeaf]()
		made := reflect.StructOf([]reflect.StructField{
			{Name: "N", Type: reflect.TypeFor[int]()},
			{Name: "P", Type: leafType},
			{Name: "Q", Type: reflect.ArrayOf(3, leafType)},
		})
		leaf := func() reflect.Value { return reflect.ValueOf(onHeap[reflectLeaf]()) } // alloc main.reflectLeaf
		for i := 0; i < 10; i++ {
			one := reflect.New(made)
			one.Elem().Field(1).Set(leaf())
			one.Elem().Field(2).Index(2).Set(leaf())
			reflected = append(reflected, one.Interface())

			slice := reflect.MakeSlice(reflect.SliceOf(made), 4, 4)
			slice.Index(3).Field(1).Set(leaf())
			reflected = append(reflected, slice.Interface())

			m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), made))
			value := reflect.New(made).Elem()
			value.Field(1).Set(leaf())
			m.SetMapIndex(reflect.ValueOf("key"), value)
			reflected = append(reflected, m.Interface())

			held := leaf()
			f := reflect.MakeFunc(reflect.FuncOf(nil, []reflect.Type{leafType}, false), func([]reflect.Value) []reflect.Value {
				return []reflect.Value{held}
			})
			reflected = append(reflected, f.Interface())

			channel := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, made), 2)
			channel.Send(value)
			reflected = append(reflected, channel.Interface())

			// More than 128 words of it, with a mask that no compiler has made.
			big := reflect.New(reflect.ArrayOf(100, made))
			big.Elem().Index(99).Field(1).Set(leaf())
			reflected = append(reflected, big.Interface())
		}
		objects[reflectLeaf](e, 60)
	})
}

type reflectLeaf struct{ value [13]int }

var reflected []any
