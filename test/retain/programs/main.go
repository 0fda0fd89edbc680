// Heaps whose contents are known exactly: the ground truth for `stallscope retain`.
//
//	retain list                       the scenarios of this build, one name a line
//	retain NAME                       builds one, prints one line of JSON, and holds it until standard input ends
//
// What the line says: ../README.md. `// alloc main.T` behind a line tells heapdump which type is allocated there.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"syscall"
	"time"
)

var scenarios = map[string]func(*expected){}

func scenario(name string, build func(*expected)) { scenarios[name] = build }

// With the tag heapdump: what the runtime itself says of the heap.
var writeDump func()

// What is needed once the heap is quiet: no byte may be allocated for it then, and what the last collection finds alive must be so when
// somebody looks. On a stack it would be dead by then.
var (
	stats      runtime.MemStats
	line, rest []byte
	hooks      hooksOf
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		names := make([]string, 0, len(scenarios))
		for name := range scenarios {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if len(os.Args) < 2 || scenarios[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: retain list | retain SCENARIO")
		os.Exit(2)
	}
	// From here on it is collected when we say so.
	debug.SetGCPercent(-1)
	inGoroutine(func() {
		var e expected
		scenarios[os.Args[1]](&e)
		rest = e.encode(os.Args[1])
		line = make([]byte, 0, len(rest)+100)
		hooks = e.hooks
	})

	// Twice for what a finalizer or a pool has kept once, and time in between for the runtime's own goroutines.
	runtime.GC()
	time.Sleep(20 * time.Millisecond)
	runtime.GC()
	time.Sleep(20 * time.Millisecond)
	inGoroutine(hooks.beforeLastGC)
	runtime.GC()
	inGoroutine(hooks.afterLastGC)
	runtime.ReadMemStats(&stats)
	inGoroutine(hooks.afterStats)

	line = append(line, `{"heap_objects":`...)
	line = strconv.AppendUint(line, stats.HeapObjects, 10)
	line = append(line, `,"heap_alloc_bytes":`...)
	line = strconv.AppendUint(line, stats.HeapAlloc, 10)
	line = append(line, rest...)
	if writeDump != nil {
		writeDump()
	}
	for written := 0; written < len(line); {
		n, err := syscall.Write(1, line[written:])
		if err != nil {
			os.Exit(1)
		}
		written += n
	}
	// A system call by itself: neither the poller nor a buffer of os.Stdin takes part.
	var end [1]byte
	for {
		n, err := syscall.Read(0, end[:])
		if err != syscall.EINTR && n <= 0 {
			return
		}
	}
}

// Runs body on a stack that is gone afterwards, so that no slot of ours holds anything of it.
func inGoroutine(body func()) {
	if body == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		body()
	}()
	<-done
}
