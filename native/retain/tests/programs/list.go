// A list of as many nodes as the first argument says, and a line on the output every 10 ms. With `sleep` behind
// it nothing is done until a signal comes (SIGUSR1): then the list grows by a thousand nodes, and there is a line. With
// `call` the same happens five times a second, by a goroutine that does nothing but wait in system calls. With any other word two
// goroutines allocate all the time.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
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

func grow(count int) {
	for number := 0; number < count; number++ {
		list = &node{list, number}
	}
}

func sleep() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	for tick := 0; ; tick++ {
		fmt.Println(tick)
		<-signals
		grow(1000)
	}
}

func call() {
	for tick := 0; ; tick++ {
		fmt.Println(tick)
		// Unlike time.Sleep, which parks the goroutine.
		syscall.Nanosleep(&syscall.Timespec{Nsec: 200_000_000}, nil)
		grow(1000)
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	grow(count)
	if len(os.Args) > 2 {
		switch os.Args[2] {
		case "sleep":
			sleep()
		case "call":
			call()
		}
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
