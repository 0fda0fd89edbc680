// A small server that leaks on request, in the shapes a leaking gopls would show: the test of the leak patterns
// (native/core/rules). Its packages and functions are named as gopls's are, because the rules look at names; what
// it retains is real: syntax trees of go/parser, types of go/types, goroutines, buffers.
//
// It prints its address, serves net/http/pprof there, and does nothing by itself:
//
//	POST /do/WAY?times=N   does it N times; the ways are in ways.go
//	POST /gc               completes a garbage collection
//	GET  /workspace_stats  what gopls's command gopls.workspace_stats would answer
//	GET  /info, /memory, /metrics/  what Stallscope's watcher reads of gopls
//	GET  /views            what gopls's command gopls.views would answer
//
// It ends when its standard input does.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"strconv"
)

func main() {
	log.SetFlags(0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ways := newWays()
	http.HandleFunc("POST /do/{way}", func(w http.ResponseWriter, r *http.Request) {
		step, times := ways.named(r.PathValue("way")), 1
		if text := r.FormValue("times"); text != "" {
			if times, err = strconv.Atoi(text); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		if step == nil {
			http.Error(w, "there is no such way", http.StatusNotFound)
			return
		}
		for range times {
			step()
		}
	})
	http.HandleFunc("POST /gc", func(http.ResponseWriter, *http.Request) { runtime.GC() })
	http.HandleFunc("GET /workspace_stats", answer(func() any { return ways.session.WorkspaceStats() }))
	http.HandleFunc("GET /views", answer(func() any { return ways.session.ViewList() }))
	servePages()
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, nil))
}

func answer(value func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(value()) }
}
