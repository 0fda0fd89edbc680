package main

// A global of every kind, each with objects of a type of its own.

type pointed struct{ next *pointed }
type sliced struct{ to *int }
type mapped struct{ value [3]int }
type inInterface struct{ value [4]int }
type bigValue struct{ value [5]int }
type captured struct{ value [6]int }
type sent struct{ value [7]int }
type ranked struct{ value [8]int }
type inStruct struct{ value [9]int }
type keyed struct{ value [10]int }
type inStatic struct{ value [11]int }

var (
	globalPointer   *pointed
	globalSlice     []*sliced
	globalMap       map[string]*mapped
	globalInterface any
	globalValue     any
	globalFunc      func() int
	globalChan      chan *sent
	globalArray     [3]*ranked
	globalOneOf     [8]*ranked
	globalStruct    struct {
		inner struct{ deep *inStruct }
		many  []struct{ one *inStruct }
	}
	globalKeys map[*keyed]bool
	// The first is no heap object itself: the linker has laid it out.
	globalStatic = &struct{ held *inStatic }{}
)

func init() {
	scenario("globals", func(e *expected) {
		globalPointer = &pointed{next: &pointed{}} // alloc main.pointed
		objects[pointed](e, 2).retaining(2*objectBytes[pointed]()).
			some(1, "global", "main.globalPointer", "").
			some(1, "global", "main.globalPointer", ".next")

		for i := 0; i < 10; i++ {
			globalSlice = append(globalSlice, &sliced{to: new(int)}) // alloc main.sliced
		}
		objects[sliced](e, 10).on("global", "main.globalSlice", "[…]")

		globalMap = map[string]*mapped{}
		for _, name := range []string{"a", "b", "c"} {
			globalMap[name] = &mapped{} // alloc main.mapped
		}
		objects[mapped](e, 3).retaining(3*objectBytes[mapped]()).on("global", "main.globalMap", "[…]")

		globalInterface = &inInterface{} // alloc main.inInterface
		objects[inInterface](e, 1).on("global", "main.globalInterface", "")
		globalValue = bigValue{value: [5]int{len(globalSlice)}} // alloc main.bigValue
		objects[bigValue](e, 1).on("global", "main.globalValue", "")

		inClosure := &captured{} // alloc main.captured
		globalFunc = func() int { return inClosure.value[0] }
		objects[captured](e, 1).on("global", "main.globalFunc", ".inClosure")

		globalChan = make(chan *sent, 8)
		for i := 0; i < 5; i++ {
			globalChan <- &sent{} // alloc main.sent
		}
		<-globalChan
		<-globalChan
		objects[sent](e, 3).on("global", "main.globalChan", "[…]")

		for i := range globalArray {
			globalArray[i] = &ranked{} // alloc main.ranked
		}
		globalOneOf[5] = &ranked{} // alloc main.ranked
		objects[ranked](e, 4).retaining(4*objectBytes[ranked]()).
			some(3, "global", "main.globalArray", "[…]").
			some(1, "global", "main.globalOneOf", "[5]")

		globalStruct.inner.deep = &inStruct{} // alloc main.inStruct
		globalStruct.many = make([]struct{ one *inStruct }, 4)
		for i := range globalStruct.many {
			globalStruct.many[i].one = &inStruct{} // alloc main.inStruct
		}
		objects[inStruct](e, 5).
			some(1, "global", "main.globalStruct", ".inner.deep").
			some(4, "global", "main.globalStruct", ".many[…].one")

		globalKeys = map[*keyed]bool{}
		for i := 0; i < 6; i++ {
			globalKeys[&keyed{}] = true // alloc main.keyed
		}
		objects[keyed](e, 6).on("global", "main.globalKeys", "[…] (key)")

		globalStatic.held = &inStatic{} // alloc main.inStatic
		objects[inStatic](e, 1)
	})
}
