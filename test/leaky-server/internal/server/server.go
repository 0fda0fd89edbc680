// Package server holds what is on its way to and from the editor.
package server

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// server is the connection to an editor.
type server struct {
	// Nothing ever removes these.
	received    []*bytes.Buffer
	diagnostics map[string][]diagnostic
}

// New is a connection on which nothing has been said.
func New() *server { return &server{diagnostics: map[string][]diagnostic{}} }

type diagnostic struct {
	uri, message string
	line         int
}

// ReceiveAndRetain reads a message of this size and keeps it.
func (s *server) ReceiveAndRetain(bytesLong int64) {
	s.received = append(s.received, receive(io.LimitReader(endless{}, bytesLong), bytesLong))
}

func receive(from io.Reader, bytesLong int64) *bytes.Buffer {
	var message bytes.Buffer
	message.Grow(int(bytesLong) + bytes.MinRead)
	if _, err := message.ReadFrom(from); err != nil {
		panic(err)
	}
	return &message
}

type endless struct{}

func (endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = 'x'
	}
	return len(into), nil
}

// PublishRetaining adds the diagnostics of a change to those of all earlier ones.
func (s *server) PublishRetaining(change int) {
	s.updateDiagnostics(fmt.Sprintf("file:///workspace/file%d.go", change%7), change)
}

func (s *server) updateDiagnostics(uri string, change int) {
	for line := range 5000 {
		message := fmt.Sprintf("edit %d, line %d: %s", change, line, strings.Repeat("undeclared name ", 16))
		s.diagnostics[uri] = append(s.diagnostics[uri], diagnostic{uri, message, line})
	}
}
