package main

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// What a scenario has built, as ../README.md describes it.
type expected struct {
	Types []*typeWant `json:"types"`
	// The heap keeps changing: HeapObjects tells nothing of the moment at which it is looked at.
	Restless bool `json:"restless,omitempty"`
	// A goroutine computes all the time. Now and then it is just being taken off its processor, and where its registers are kept then
	// has no map: then it is looked at again.
	Computing bool `json:"computing,omitempty"`
	// Objects that the last collection found alive and nothing has the address of any more; and those of which something has.
	Died   int `json:"died,omitempty"`
	Missed int `json:"missed,omitempty"`

	hooks hooksOf
}

// What is done around the last collection, each on a stack of its own.
type hooksOf struct{ beforeLastGC, afterLastGC, afterStats func() }

type typeWant struct {
	Type  string `json:"type"`
	Count int    `json:"count"`
	// So many more may be there at any moment, made and not yet stored.
	More int `json:"more,omitempty"`
	// Of one of them, with what its size class rounds up.
	SlotBytes uint64 `json:"slot_bytes"`
	Bytes     uint64 `json:"bytes"`
	// What would be freed without them, where arithmetic tells.
	RetainedBytes *uint64 `json:"retained_bytes,omitempty"`
	Paths         []path  `json:"paths,omitempty"`

	unclaimed bool
}

type path struct {
	Root root `json:"root"`
	// Absent where only the root is known.
	Path    *string `json:"path,omitempty"`
	Objects int     `json:"objects"`
}

type root struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
}

// So many objects that hold one T each and nothing else.
func objects[T any](e *expected, count int) *typeWant {
	t := reflect.TypeFor[T]()
	return e.add(typeName(t), count, slotBytes(t.Size(), hasPointers(t)))
}

// So many arrays behind slices of T, each with room for capacity of them.
func arrays[T any](e *expected, count, capacity int) *typeWant {
	t := reflect.TypeFor[T]()
	return e.add("[]"+typeName(t), count, arrayBytes[T](capacity))
}

// From Go 1.N on: the debug information of those before does not tell what these are.
func (w *typeWant) since(minor int) *typeWant {
	version := strings.SplitN(strings.TrimPrefix(runtime.Version(), "go1."), ".", 2)[0]
	if own, err := strconv.Atoi(version); err == nil && own < minor {
		w.unclaimed = true
	}
	return w
}

// Not on this processor: the debug information for it does not tell what these are.
func (w *typeWant) notOn(processor string) *typeWant {
	w.unclaimed = w.unclaimed || runtime.GOARCH == processor
	return w
}

// With the whole import path, as debug information has it.
func typeName(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return "*" + typeName(t.Elem())
	case t.PkgPath() == "":
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

func (e *expected) add(name string, count int, each uint64) *typeWant {
	want := &typeWant{Type: name, Count: count, SlotBytes: each, Bytes: uint64(count) * each}
	e.Types = append(e.Types, want)
	return want
}

func (w *typeWant) retaining(bytes uint64) *typeWant {
	w.RetainedBytes = &bytes
	return w
}

// All of them are on this path.
func (w *typeWant) on(kind, name, steps string) *typeWant { return w.some(w.Count, kind, name, steps) }

// So many of them are on this path.
func (w *typeWant) some(objects int, kind, name, steps string) *typeWant {
	w.Paths = append(w.Paths, path{root{kind, name}, &steps, objects})
	return w
}

// All of them are held by this root, by whatever path.
func (w *typeWant) under(kind, name string) *typeWant {
	w.Paths = append(w.Paths, path{Root: root{kind, name}, Objects: w.Count})
	return w
}

func objectBytes[T any]() uint64 {
	t := reflect.TypeFor[T]()
	return slotBytes(t.Size(), hasPointers(t))
}

func arrayBytes[T any](capacity int) uint64 {
	t := reflect.TypeFor[T]()
	return slotBytes(t.Size()*uintptr(capacity), hasPointers(t))
}

// What an allocation of so many bytes takes. The runtime says it itself: append rounds a capacity up to the slot's size.
func slotBytes(size uintptr, pointers bool) uint64 {
	const (
		largestWithBitmap = 512        // beyond, pointers are described by a word before the object
		largestWithHeader = 32<<10 - 8 // beyond, by the span
	)
	if pointers && size > largestWithBitmap && size <= largestWithHeader {
		size += 8
	}
	return uint64(cap(append([]byte(nil), make([]byte, size)...)))
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.String, reflect.UnsafePointer:
		return true
	}
	return false
}

// The line without its first two numbers, which are not known yet.
func (e *expected) encode(name string) []byte {
	e.Types = slices.DeleteFunc(append([]*typeWant{}, e.Types...), func(w *typeWant) bool { return w.unclaimed })
	text, err := json.Marshal(struct {
		Scenario string `json:"scenario"`
		Pid      int    `json:"pid"`
		Go       string `json:"go"`
		*expected
	}{name, os.Getpid(), runtime.Version(), e})
	if err != nil {
		panic(err)
	}
	text[0] = ','
	return append(text, '\n')
}
