// A list of as many nodes as the first argument says, and a line on the output every 10 ms. With a second argument two
// goroutines allocate all the time.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

type node struct {
	next   *node
	number int
}

var (
	list *node
	junk [1 << 12][]*node
)

func churn(from int) {
	for index := from; ; index++ {
		junk[index%len(junk)] = make([]*node, index%300, 300)
		if index%1000 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	for number := 0; number < count; number++ {
		list = &node{list, number}
	}
	if len(os.Args) > 2 {
		go churn(0)
		go churn(len(junk) / 2)
	}
	for tick := 0; ; tick++ {
		if _, err := fmt.Println(tick); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
