package main

import "strconv"

type smallEntry struct{ value [3]int }
type bigEntry struct{ value [5]int }
type bigKey struct {
	n   int
	pad [24]int
}
type bigElem struct {
	pad  [25]int
	held *behindBigElem
}
type behindBigElem struct{ value [5]int }
type growing struct{ value [6]int }
type afterDelete struct{ value [7]int }
type deletedEntry struct{ value [8]int }
type inNested struct{ value [9]int }
type structElem struct {
	name string
	to   *behindStruct
	more []*moreBehind
}
type behindStruct struct{ value [10]int }
type moreBehind struct{ value [11]int }
type inInterfaceMap struct{ value [12]int }
type mapOwner struct {
	byName map[string]*owned
	byID   map[int]owned
	pad    [13]int
}
type owned struct{ value [14]int }
type cleared struct{ value [15]int }
type fullGroup struct{ value [16]int }
type plainMapHolder struct {
	numbers map[int64]int64
	pad     [30]int
}

var (
	smallMaps     [9]map[string]*smallEntry
	bigMap        map[string]*bigEntry
	bigKeys       map[bigKey]bool
	bigElems      map[string]bigElem
	growingMaps   []map[int]*growing
	withDeleted   map[int]*afterDelete
	nestedMaps    map[string]map[int]map[string]*inNested
	structMap     map[[2]int]structElem
	interfaceMap  map[any]any
	mapOwners     []*mapOwner
	clearedMap    map[int]*cleared
	fullGroups    []map[uint8]*fullGroup
	plainMaps     map[int64]int64
	setOfInts     map[int]struct{}
	hinted        map[int]*bigEntry
	nilMap        map[string]*bigEntry
	zeroElems     map[string]struct{}
	plainMapUsers []*plainMapHolder
)

func init() {
	scenario("maps", func(e *expected) {
		// 0 to 8 elements: one group, and no table.
		total := 0
		for size := range smallMaps {
			smallMaps[size] = map[string]*smallEntry{}
			for i := 0; i < size; i++ {
				smallMaps[size][strconv.Itoa(i)] = &smallEntry{} // alloc main.smallEntry
				total++
			}
		}
		objects[smallEntry](e, total).on("global", "main.smallMaps", "[…][…]")
		for i := 0; i < 100; i++ {
			m := map[uint8]*fullGroup{}
			for j := uint8(0); j < 8; j++ {
				m[j] = &fullGroup{} // alloc main.fullGroup
			}
			fullGroups = append(fullGroups, m)
		}
		objects[fullGroup](e, 800).on("global", "main.fullGroups", "[…][…]")

		// Several tables.
		bigMap = map[string]*bigEntry{}
		for i := 0; i < 50_000; i++ {
			bigMap[strconv.Itoa(i)] = &bigEntry{} // alloc main.bigEntry
		}
		hinted = make(map[int]*bigEntry, 10_000)
		for i := 0; i < 10; i++ {
			hinted[i] = &bigEntry{} // alloc main.bigEntry
		}
		objects[bigEntry](e, 50_010).
			some(50_000, "global", "main.bigMap", "[…]").
			some(10, "global", "main.hinted", "[…]")

		structMap = map[[2]int]structElem{}
		for i := 0; i < 1_000; i++ {
			structMap[[2]int{i, i}] = structElem{to: &behindStruct{}, more: []*moreBehind{{}, {}}} // alloc main.behindStruct, main.moreBehind
		}
		objects[behindStruct](e, 1_000).on("global", "main.structMap", "[…].to")
		objects[moreBehind](e, 2_000).on("global", "main.structMap", "[…].more[…]")

		nestedMaps = map[string]map[int]map[string]*inNested{}
		for i := 0; i < 10; i++ {
			first := map[int]map[string]*inNested{}
			for j := 0; j < 10; j++ {
				second := map[string]*inNested{}
				for k := 0; k < 10; k++ {
					second[strconv.Itoa(k)] = &inNested{} // alloc main.inNested
				}
				first[j] = second
			}
			nestedMaps[strconv.Itoa(i)] = first
		}
		objects[inNested](e, 1_000).retaining(1_000*objectBytes[inNested]()).on("global", "main.nestedMaps", "[…][…][…]")

		interfaceMap = map[any]any{}
		for i := 0; i < 100; i++ {
			interfaceMap[i*1_000] = &inInterfaceMap{}                         // alloc main.inInterfaceMap
			interfaceMap[strconv.Itoa(i)] = inInterfaceMap{value: [12]int{i}} // alloc main.inInterfaceMap
			interfaceMap[&inInterfaceMap{}] = struct{}{}                      // alloc main.inInterfaceMap
			interfaceMap[inInterfaceMap{value: [12]int{i}}] = struct{}{}      // alloc main.inInterfaceMap
		}
		objects[inInterfaceMap](e, 400).
			some(200, "global", "main.interfaceMap", "[…]").
			some(200, "global", "main.interfaceMap", "[…] (key)")

		for i := 0; i < 10; i++ {
			owner := &mapOwner{byName: map[string]*owned{}, byID: map[int]owned{}} // alloc main.mapOwner
			for j := 0; j < 30; j++ {
				owner.byName[strconv.Itoa(j)] = &owned{} // alloc main.owned
				owner.byID[j] = owned{}
			}
			mapOwners = append(mapOwners, owner)
		}
		objects[mapOwner](e, 10).on("global", "main.mapOwners", "[…]")
		objects[owned](e, 300).on("global", "main.mapOwners", "[…].byName[…]")
	})

	scenario("maps with large keys and elements", func(e *expected) {
		// More than 128 bytes: the map holds pointers to them.
		bigKeys, bigElems = map[bigKey]bool{}, map[string]bigElem{}
		for i := 0; i < 500; i++ {
			bigKeys[bigKey{n: i}] = true                                // alloc main.bigKey
			bigElems[strconv.Itoa(i)] = bigElem{held: &behindBigElem{}} // alloc main.bigElem, main.behindBigElem
		}
		for i := 0; i < 100; i++ {
			delete(bigKeys, bigKey{n: i})
			delete(bigElems, strconv.Itoa(i))
		}
		objects[bigKey](e, 400).on("global", "main.bigKeys", "[…] (key)")
		objects[bigElem](e, 400).retaining(400*(objectBytes[bigElem]()+objectBytes[behindBigElem]())).on("global", "main.bigElems", "[…]")
		objects[behindBigElem](e, 400).on("global", "main.bigElems", "[…].held")
	})

	scenario("maps without pointers", func(e *expected) {
		plainMaps, setOfInts, zeroElems = map[int64]int64{}, map[int]struct{}{}, map[string]struct{}{}
		for i := 0; i < 5_000; i++ {
			plainMaps[int64(i)], setOfInts[i] = int64(i), struct{}{}
			zeroElems[strconv.Itoa(i)] = struct{}{}
		}
		for i := 0; i < 10; i++ {
			m := map[int64]int64{}
			for j := int64(0); j < 100; j++ {
				m[j] = j
			}
			plainMapUsers = append(plainMapUsers, &plainMapHolder{numbers: m}) // alloc main.plainMapHolder
		}
		objects[plainMapHolder](e, 10)
	})

	scenario("maps that grow and shrink", func(e *expected) {
		// Sizes around every growth, in the middle of it where the map grows bit by bit.
		total := 0
		for _, size := range []int{7, 8, 9, 13, 14, 15, 27, 53, 105, 209, 417, 833, 834, 896, 897, 1_665, 1_793, 6_657, 6_658, 6_700, 7_169, 13_313, 13_320} {
			m := map[int]*growing{}
			for i := 0; i < size; i++ {
				m[i] = &growing{} // alloc main.growing
			}
			growingMaps = append(growingMaps, m)
			total += size
		}
		objects[growing](e, total).retaining(uint64(total)*objectBytes[growing]()).on("global", "main.growingMaps", "[…][…]")

		withDeleted = map[int]*afterDelete{}
		for i := 0; i < 10_000; i++ {
			withDeleted[i] = &afterDelete{} // alloc main.afterDelete
		}
		for i := 0; i < 10_000; i++ {
			if i%10 != 0 {
				delete(withDeleted, i)
			}
		}
		// Some go where others have been.
		for i := 0; i < 500; i++ {
			withDeleted[-i-1] = &afterDelete{} // alloc main.afterDelete
		}
		objects[afterDelete](e, 1_500).on("global", "main.withDeleted", "[…]")

		clearedMap = map[int]*cleared{}
		for i := 0; i < 5_000; i++ {
			clearedMap[i] = &cleared{} // alloc main.cleared
		}
		clear(clearedMap)
		clearedMap[1] = &cleared{} // alloc main.cleared
		objects[cleared](e, 1).on("global", "main.clearedMap", "[…]")
	})
}
