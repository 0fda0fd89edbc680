package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
)

// servePages adds the pages of gopls's debug server by which Stallscope knows a gopls and reads its memory, so that it can
// watch this one as it runs. The numbers are the runtime's own.
func servePages() {
	http.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<title>Gopls that leaks on request</title>\npid: %d\ngo: %s\n", os.Getpid(), runtime.Version())
	})
	// As of a gopls that no editor has talked to.
	http.HandleFunc("GET /metrics/", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("GET /memory", func(w http.ResponseWriter, _ *http.Request) {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		for _, number := range []struct {
			name  string
			value uint64
		}{
			{"Allocated bytes", stats.HeapAlloc},
			{"Total allocated bytes", stats.TotalAlloc},
			{"System bytes", stats.Sys},
			{"Heap system bytes", stats.HeapSys},
			{"Malloc calls", stats.Mallocs},
			{"Frees", stats.Frees},
			{"Idle heap bytes", stats.HeapIdle},
			{"In use bytes", stats.HeapInuse},
			{"Released to system bytes", stats.HeapReleased},
			{"Stack from system bytes", stats.StackSys},
		} {
			fmt.Fprintf(w, "<tr><td>%s</td><td>%d</td></tr>\n", number.name, number.value)
		}
	})
}
