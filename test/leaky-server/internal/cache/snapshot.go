package cache

import (
	"context"
	"fmt"
	"maps"
)

// A Snapshot is the state of a view between two changes.
type Snapshot struct {
	files         map[string][]byte
	shouldLoad    map[string][]string
	backgroundCtx context.Context
	cancel        context.CancelFunc
	// A snapshot that holds on to the one before it is never collected.
	previous *Snapshot
}

func newSnapshot(files map[string][]byte) *Snapshot {
	ctx, cancel := context.WithCancel(context.Background())
	snapshot := &Snapshot{files: files, shouldLoad: map[string][]string{}, backgroundCtx: ctx, cancel: cancel}
	for i := range 4000 {
		id := fmt.Sprintf("example.com/dependency%d/package", i)
		snapshot.shouldLoad[id] = []string{id}
	}
	return snapshot
}

// What becomes of the snapshot that was cloned.
const (
	cloneOnly   = false
	cloneRetain = true
)

// clone is the snapshot after a change.
func (s *Snapshot) clone(retain bool) *Snapshot {
	ctx, cancel := context.WithCancel(context.Background())
	result := &Snapshot{
		files:         maps.Clone(s.files),
		shouldLoad:    make(map[string][]string, len(s.shouldLoad)),
		backgroundCtx: ctx,
		cancel:        cancel,
	}
	for id, paths := range s.shouldLoad {
		result.shouldLoad[id] = append([]string(nil), paths...)
	}
	if retain {
		result.previous = s
	}
	return result
}

// ChangeRetainingSnapshot makes a new snapshot whose predecessor is neither released nor told to end its work.
func (s *Session) ChangeRetainingSnapshot() {
	view := s.views[0]
	view.snapshot = view.snapshot.clone(cloneRetain)
	go view.snapshot.diagnoseUntilCancelled()
}

func (s *Snapshot) diagnoseUntilCancelled() { <-s.backgroundCtx.Done() }
