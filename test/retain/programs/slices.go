package main

type beyondLen struct{ value [3]int }
type before struct{ value [5]int }
type row struct{ value [2]int }
type intoArray struct {
	at  *int
	pad [6]int
}
type intoStruct struct {
	field *int
	pad   [7]int
}
type wholeStruct struct {
	value [200]int
	other *fromWhole
}
type fromWhole struct{ value [11]int }
type substring struct {
	text string
	pad  [9]int
}
type byteHolder struct {
	data []byte
	pad  [11]int
}
type plainItem struct{ a, b, c int }
type withPointer struct {
	to *plainItem
	n  int
}

var (
	shortened   []*beyondLen
	tailOnly    []*before
	rows        [][]*row
	intoArrays  []*intoArray
	intoStructs []*intoStruct
	substrings  []*substring
	byteHolders []*byteHolder
	plainItems  []plainItem
	pointers    []withPointer
	nilSlice    []*row
	emptySlice  []*row
)

func init() {
	scenario("slices", func(e *expected) {
		// What lies between length and capacity is held as well.
		all := make([]*beyondLen, 10)
		for i := range all {
			all[i] = &beyondLen{} // alloc main.beyondLen
		}
		shortened = all[:2]
		objects[beyondLen](e, 10).under("global", "main.shortened")

		// And so is what lies before.
		whole := make([]*before, 10)
		for i := range whole {
			whole[i] = &before{} // alloc main.before
		}
		tailOnly = whole[7:]
		objects[before](e, 10).under("global", "main.tailOnly")

		rows = make([][]*row, 20)
		for i := range rows {
			rows[i] = make([]*row, 3, 5) // alloc []*main.row
			for j := range rows[i] {
				rows[i][j] = &row{} // alloc main.row
			}
		}
		objects[row](e, 60).on("global", "main.rows", "[…][…]")
		arrays[*row](e, 20, 5)
		emptySlice = make([]*row, 0)

		plainItems = make([]plainItem, 1_000) // alloc []main.plainItem
		arrays[plainItem](e, 1, 1_000).retaining(arrayBytes[plainItem](1_000))
		pointers = make([]withPointer, 1_000, 1_500) // alloc []main.withPointer
		for i := range pointers {
			if i%10 == 0 {
				// The others lead into an array.
				pointers[i].to = &plainItem{} // alloc main.plainItem
			} else {
				pointers[i].to = &plainItems[i]
			}
		}
		objects[plainItem](e, 100).on("global", "main.pointers", "[…].to")
		arrays[withPointer](e, 1, 1_500)
	})

	scenario("inner pointers", func(e *expected) {
		for i := 0; i < 10; i++ {
			numbers := make([]int, 1_000)
			intoArrays = append(intoArrays, &intoArray{at: &numbers[500]})         // alloc main.intoArray
			whole := &wholeStruct{other: &fromWhole{}}                             // alloc main.wholeStruct, main.fromWhole
			intoStructs = append(intoStructs, &intoStruct{field: &whole.value[3]}) // alloc main.intoStruct
		}
		objects[intoArray](e, 10).retaining(10*(objectBytes[intoArray]()+arrayBytes[int](1_000))).on("global", "main.intoArrays", "[…]")
		perStruct := objectBytes[intoStruct]() + objectBytes[wholeStruct]() + objectBytes[fromWhole]()
		objects[intoStruct](e, 10).retaining(10*perStruct).on("global", "main.intoStructs", "[…]")
		// Nothing but a pointer to an int leads there, yet the objects say what they are: they have a header.
		objects[wholeStruct](e, 10)
		// A tenth of a million characters for the sake of ten.
		for i := 0; i < 10; i++ {
			text := string(make([]byte, 100_000))
			substrings = append(substrings, &substring{text: text[50:60]})                      // alloc main.substring
			byteHolders = append(byteHolders, &byteHolder{data: make([]byte, 5_000)[10:20:20]}) // alloc main.byteHolder
		}
		objects[substring](e, 10).retaining(10 * (objectBytes[substring]() + arrayBytes[byte](100_000)))
		objects[byteHolder](e, 10).retaining(10 * (objectBytes[byteHolder]() + arrayBytes[byte](5_000)))
	})
}
