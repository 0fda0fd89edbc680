package main

type inBuffer struct{ value [3]int }
type inBufferStruct struct {
	to *behindBuffer
	n  int
}
type behindBuffer struct{ value [4]int }
type blockedSend struct{ value [5]int }
type selectSend struct{ value [6]int }
type received struct{ value [7]int }
type wrapped struct {
	channel chan *inWrapped
	pad     [8]int
}
type inWrapped struct{ value [9]int }
type plainMessage struct{ a, b, c int }

var (
	buffered        chan *inBuffer
	bufferedStructs chan inBufferStruct
	unbuffered      = make(chan *blockedSend)
	unbufferedCopy  = make(chan [2]*blockedSend)
	selectable      = make(chan *selectSend)
	otherSelectable = make(chan int)
	wrappedChannels []*wrapped
	plainMessages   chan plainMessage
	signals         []chan struct{}
	never           = make(chan struct{})
)

func init() {
	scenario("channels", func(e *expected) {
		// The buffer has gone round: what was taken out is not held any more.
		buffered = make(chan *inBuffer, 10)
		for i := 0; i < 17; i++ {
			if i >= 8 {
				<-buffered
			}
			buffered <- &inBuffer{} // alloc main.inBuffer
		}
		objects[inBuffer](e, 8).retaining(8*objectBytes[inBuffer]()).on("global", "main.buffered", "[…]")

		bufferedStructs = make(chan inBufferStruct, 100)
		for i := 0; i < 50; i++ {
			bufferedStructs <- inBufferStruct{to: &behindBuffer{}, n: i} // alloc main.behindBuffer
		}
		objects[behindBuffer](e, 50).on("global", "main.bufferedStructs", "[…].to")

		for i := 0; i < 10; i++ {
			w := &wrapped{channel: make(chan *inWrapped, 5)} // alloc main.wrapped
			for j := 0; j < 4; j++ {
				w.channel <- &inWrapped{} // alloc main.inWrapped
			}
			wrappedChannels = append(wrappedChannels, w)
			signals = append(signals, make(chan struct{}, 10))
		}
		objects[wrapped](e, 10).on("global", "main.wrappedChannels", "[…]")
		objects[inWrapped](e, 40).on("global", "main.wrappedChannels", "[…].channel[…]")

		plainMessages = make(chan plainMessage, 1_000)
		plainMessages <- plainMessage{}
	})

	scenario("blocked senders", func(e *expected) {
		ready := make(chan struct{})
		for i := 0; i < 20; i++ {
			go sender(ready)
			<-ready
			go arraySender(ready)
			<-ready
			go selector(ready)
			<-ready
			go receiving(ready)
			<-ready
		}
		objects[blockedSend](e, 60)
		objects[selectSend](e, 20)
		objects[received](e, 0)
	})
}

func sender(ready chan<- struct{}) {
	message := &blockedSend{} // alloc main.blockedSend
	ready <- struct{}{}
	unbuffered <- message
}

func arraySender(ready chan<- struct{}) {
	message := [2]*blockedSend{{}, {}} // alloc main.blockedSend
	ready <- struct{}{}
	unbufferedCopy <- message
}

func selector(ready chan<- struct{}) {
	message := &selectSend{} // alloc main.selectSend
	ready <- struct{}{}
	select {
	case selectable <- message:
	case <-otherSelectable:
	case <-never:
	}
}

func receiving(ready chan<- struct{}) {
	onHeap[received]().value[0]++ // alloc main.received
	ready <- struct{}{}
	<-never
}
