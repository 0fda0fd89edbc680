package main

import (
	"log"
	"os"
	"path/filepath"

	"stallscope.test/gopls/internal/cache"
	"stallscope.test/gopls/internal/debug"
	"stallscope.test/gopls/internal/server"
	"stallscope.test/gopls/internal/source"
)

// ways is the state of the server and what can be done to it. Each way is one step, to be repeated.
type ways struct {
	session *cache.Session
	// Of types that, as in gopls, are not exported.
	receive func(bytesLong int64)
	publish func(change int)
	record  func(request int)
	steps   int
}

// newWays begins with a loaded workspace of one view: what a healthy server holds all the time.
func newWays() *ways {
	editor, traces := server.New(), debug.NewTraces()
	w := &ways{
		session: cache.NewSession(),
		receive: editor.ReceiveAndRetain,
		publish: editor.PublishRetaining,
		record:  traces.RecordRetaining,
	}
	w.session.OpenFolder("/workspace")
	return w
}

func (w *ways) named(name string) func() {
	switch name {
	// Healthy: a save whose old syntax tree is let go of; and much garbage of which nothing stays.
	case "save":
		return func() { w.session.Save(w.edited(), cache.Replace) }
	case "churn":
		return func() { w.session.Churn(source.File(w.next(), 300)) }

	// Each of these leaks in its own way.
	case "save-retaining-syntax":
		return func() { w.session.Save(w.edited(), cache.Retain) }
	case "buffer":
		return func() { w.receive(12 << 20) }
	case "overlapping-view":
		return w.session.OpenOverlappingFolder
	case "snapshot":
		return w.session.ChangeRetainingSnapshot
	case "view-again":
		return func() { w.session.RecreateViewRetainingOld("/workspace") }
	case "analysis":
		return func() { w.session.AnalyzeRetainingFacts(w.next()) }
	case "large-file":
		return func() {
			path := writeLargeFile()
			w.session.OpenFile(path)
			os.RemoveAll(filepath.Dir(path))
		}
	case "diagnostics":
		return func() { w.publish(w.next()) }
	case "log":
		return func() { w.record(w.next()) }
	}
	return nil
}

func (w *ways) next() int {
	w.steps++
	return w.steps
}

// edited is the text of the same file with a line changed.
func (w *ways) edited() []byte { return source.File(w.next(), 300) }

// writeLargeFile writes a generated Go file of more than 5 MB, as protocol or embedding generators do.
func writeLargeFile() string {
	folder, err := os.MkdirTemp("", "leaky-server-")
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(folder, "generated.go")
	if err := os.WriteFile(path, source.File(0, 18_000), 0o600); err != nil {
		log.Fatal(err)
	}
	return path
}
