// Package debug records what the server did, for the pages it serves.
package debug

import (
	"fmt"
	"strings"
)

// traces are the events so far.
type traces struct {
	// Nothing ever removes these.
	recent []traceEvent
}

// NewTraces has recorded nothing yet.
func NewTraces() *traces { return &traces{} }

type traceEvent struct{ name, tags string }

// RecordRetaining records the events of one request.
func (t *traces) RecordRetaining(request int) {
	for event := range 5000 {
		t.ProcessEvent(request, event)
	}
}

// ProcessEvent keeps an event.
func (t *traces) ProcessEvent(request, event int) {
	tags := fmt.Sprintf("request=%d event=%d %s", request, event, strings.Repeat("label=value ", 24))
	t.recent = append(t.recent, traceEvent{"cache.snapshot.clone", tags})
}
