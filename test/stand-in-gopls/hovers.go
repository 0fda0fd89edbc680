package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"net/textproto"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

// How long the growth of one stall takes, and in how many steps it comes.
const (
	growFor   = 600 * time.Millisecond
	growSteps = 12
)

// hovers passes messages between the editor and gopls, and holds back the answers to hovers.
type hovers struct {
	// Answers that were held back come beside all the others: each is written whole.
	writing sync.Mutex

	mutex   sync.Mutex
	waiting map[string]bool
	// Answers that have been passed on, and those among them that were a result and no error.
	answered, results int
}

func newHovers() *hovers { return &hovers{waiting: map[string]bool{}} }

type message struct {
	ID     json.RawMessage
	Method string
	Error  json.RawMessage
}

func (h *hovers) fromEditor(from io.Reader, to io.Writer) {
	each(from, func(body []byte, head message) {
		if head.Method == "textDocument/hover" {
			h.mutex.Lock()
			h.waiting[string(head.ID)] = true
			h.mutex.Unlock()
		}
		send(to, body)
	})
}

func (h *hovers) toEditor(from io.Reader, to io.Writer) {
	each(from, func(body []byte, head message) {
		if head.Method == "" && h.isWaitedFor(string(head.ID)) {
			// Whatever else gopls has to say does not wait.
			go h.answer(to, body, head.Error == nil)
			return
		}
		h.writing.Lock()
		defer h.writing.Unlock()
		send(to, body)
	})
}

func (h *hovers) isWaitedFor(id string) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	defer delete(h.waiting, id)
	return h.waiting[id]
}

func (h *hovers) answer(to io.Writer, body []byte, result bool) {
	if result {
		hold(readMode())
	}
	h.writing.Lock()
	defer h.writing.Unlock()
	send(to, body)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.answered++
	if result {
		h.results++
	}
}

func (h *hovers) soFar() (answered, results int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.answered, h.results
}

func send(to io.Writer, body []byte) {
	header := "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	if _, err := to.Write(append([]byte(header), body...)); err != nil {
		log.Print(err)
	}
}

// hold waits while memory grows, and gives that memory back.
func hold(wanted mode) {
	end := time.Now().Add(time.Duration(wanted.HoldHoverMs) * time.Millisecond)
	var grown [][]byte
	for step := 0; wanted.GrowMB > 0 && step < growSteps; step++ {
		grown = append(grown, touched(wanted.GrowMB<<20/growSteps))
		time.Sleep(growFor / growSteps)
	}
	time.Sleep(time.Until(end))
	if len(grown) > 0 {
		grown = nil
		debug.FreeOSMemory()
	}
}

// each reads messages with their Content-Length header until there are no more.
func each(from io.Reader, take func(body []byte, head message)) {
	reader := textproto.NewReader(bufio.NewReader(from))
	for {
		header, err := reader.ReadMIMEHeader()
		if err != nil {
			return
		}
		length := must(strconv.Atoi(header.Get("Content-Length")))
		body := make([]byte, length)
		if _, err := io.ReadFull(reader.R, body); err != nil {
			return
		}
		var head message
		if err := json.Unmarshal(body, &head); err != nil {
			log.Fatal(err)
		}
		take(body, head)
	}
}
