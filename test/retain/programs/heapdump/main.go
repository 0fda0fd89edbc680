// Holds what a scenario says of itself against the runtime's own heap dump, so that the ground truth is known to be true.
//
//	go build -tags heapdump -o retain
//	GODEBUG=memprofilerate=1 RETAIN_DUMP=FILE retain NAME </dev/null >LINE
//	heapdump FILE SOURCES <LINE
//
// The dump lists every object with its pointers, and, with that profile rate, the line that allocated it: `// alloc main.T` there tells
// its type. Counts and bytes are of what the runtime's own collection has left; retained bytes come from the dump's graph.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

type line struct {
	HeapObjects uint64 `json:"heap_objects"`
	Scenario    string
	Types       []struct {
		Type          string
		Count         int
		SlotBytes     uint64  `json:"slot_bytes"`
		RetainedBytes *uint64 `json:"retained_bytes"`
	}
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: heapdump DUMP SOURCES <LINE"))
	}
	var said line
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&said); err != nil {
		fail(err)
	}
	sites, err := annotations(os.Args[2])
	if err != nil {
		fail(err)
	}
	dump, err := read(os.Args[1])
	if err != nil {
		fail(err)
	}
	g := dump.graph()
	idom := g.dominators()
	wrong := 0
	complain := func(format string, args ...any) {
		wrong++
		fmt.Printf("%s: "+format+"\n", append([]any{said.Scenario}, args...)...)
	}
	checked := 0
	for _, want := range said.Types {
		places := sites[want.Type]
		if len(places) == 0 {
			if want.Count != 0 {
				fmt.Printf("%s: %s: no line says that it is allocated there: not checked\n", said.Scenario, want.Type)
			}
			continue
		}
		checked++
		var instances []int
		for i, o := range dump.objects {
			if places[dump.buckets[o.bucket]] && o.size == want.SlotBytes {
				instances = append(instances, i)
			}
		}
		if len(instances) != want.Count {
			complain("%s: expected %d, the dump has %d", want.Type, want.Count, len(instances))
			continue
		}
		if want.RetainedBytes != nil {
			if got := g.retained(idom, instances); got != *want.RetainedBytes {
				complain("%s: expected to retain %d bytes, in the dump it does %d", want.Type, *want.RetainedBytes, got)
			}
		}
	}
	fmt.Printf("%s: %d types checked, %d wrong\n", said.Scenario, checked, wrong)
	if wrong > 0 {
		os.Exit(1)
	}
}

var annotation = regexp.MustCompile(`// alloc (\S.*)$`)

// Type → lines ("graphs.go:12") that allocate it.
func annotations(folder string) (map[string]map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	sites := map[string]map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for i, l := range strings.Split(string(text), "\n") {
			found := annotation.FindStringSubmatch(l)
			if found == nil {
				continue
			}
			for _, name := range strings.Split(found[1], ", ") {
				if sites[name] == nil {
					sites[name] = map[string]bool{}
				}
				sites[name][fmt.Sprintf("%s:%d", filepath.Base(file), i+1)] = true
			}
		}
	}
	return sites, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
