package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

type object struct {
	address, size uint64
	pointers      []uint64
	// Of the profile, 0 when it was not sampled.
	bucket uint64
}

type heapDump struct {
	objects []object
	roots   []uint64
	// Bucket → the first line of ours in its stack.
	buckets map[uint64]string
}

const (
	tagEnd = iota
	tagObject
	tagOtherRoot
	tagType
	tagGoroutine
	tagStackFrame
	tagParams
	tagFinalizer
	tagItab
	tagThread
	tagMemStats
	tagQueuedFinalizer
	tagData
	tagBSS
	tagDefer
	tagPanic
	tagMemProf
	tagAllocSample
)

const header = "go1.7 heap dump\n"

type reader struct{ *bufio.Reader }

// Aborts the reading of a dump that ends early.
type broken struct{ error }

func (r reader) number() uint64 {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		panic(broken{err})
	}
	return n
}

func (r reader) numbers(count int) []uint64 {
	all := make([]uint64, count)
	for i := range all {
		all[i] = r.number()
	}
	return all
}

func (r reader) bytes() []byte {
	data := make([]byte, r.number())
	if _, err := io.ReadFull(r, data); err != nil {
		panic(broken{err})
	}
	return data
}

// The words of memory that hold pointers.
func (r reader) pointers(memory []byte) (found []uint64) {
	for r.number() != 0 {
		offset := r.number()
		if offset+8 <= uint64(len(memory)) {
			if p := binary.LittleEndian.Uint64(memory[offset:]); p != 0 {
				found = append(found, p)
			}
		}
	}
	return found
}

func read(file string) (dump *heapDump, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	defer func() {
		if b, is := recover().(broken); is {
			err = b.error
		}
	}()
	r := reader{bufio.NewReaderSize(f, 1<<20)}
	start := make([]byte, len(header))
	if _, err := io.ReadFull(r, start); err != nil || !bytes.Equal(start, []byte(header)) {
		return nil, fmt.Errorf("%s is no heap dump", file)
	}
	d := &heapDump{buckets: map[uint64]string{}}
	samples := map[uint64]uint64{}
	for {
		switch tag := r.number(); tag {
		case tagEnd:
			sort.Slice(d.objects, func(i, j int) bool { return d.objects[i].address < d.objects[j].address })
			for address, bucket := range samples {
				// Of what has a header it is the address behind that.
				if i := d.find(address); i >= 0 {
					d.objects[i].bucket = bucket
				}
			}
			return d, nil
		case tagObject:
			address := r.number()
			memory := r.bytes()
			d.objects = append(d.objects, object{address: address, size: uint64(len(memory)), pointers: r.pointers(memory)})
		case tagOtherRoot:
			r.bytes()
			d.roots = append(d.roots, r.number())
		case tagType:
			r.numbers(2)
			r.bytes()
			r.number()
		case tagGoroutine:
			r.numbers(8)
			r.bytes()
			r.numbers(4)
		case tagStackFrame:
			r.numbers(3)
			memory := r.bytes()
			r.numbers(3)
			r.bytes()
			d.roots = append(d.roots, r.pointers(memory)...)
		case tagParams:
			r.numbers(4)
			r.bytes()
			r.bytes()
			r.number()
		case tagFinalizer:
			d.roots = append(d.roots, r.numbers(5)[1])
		case tagQueuedFinalizer:
			d.roots = append(d.roots, r.numbers(5)[:2]...)
		case tagItab:
			r.numbers(2)
		case tagThread:
			r.numbers(3)
		case tagMemStats:
			r.numbers(24 + 256 + 1)
		case tagData, tagBSS:
			r.number()
			memory := r.bytes()
			d.roots = append(d.roots, r.pointers(memory)...)
		case tagDefer:
			d.roots = append(d.roots, r.numbers(7)[4])
		case tagPanic:
			d.roots = append(d.roots, r.numbers(6)[3])
		case tagMemProf:
			bucket := r.number()
			r.number()
			frames := r.number()
			for i := uint64(0); i < frames; i++ {
				name, file, at := string(r.bytes()), string(r.bytes()), r.number()
				if strings.HasPrefix(name, "main.onHeap[") || strings.HasPrefix(name, "main.plain[") {
					continue
				}
				ours := strings.HasPrefix(name, "main.") || strings.Contains(file, "stallscope.test/retain")
				if ours && d.buckets[bucket] == "" {
					d.buckets[bucket] = fmt.Sprintf("%s:%d", filepath.Base(file), at)
				}
			}
			r.numbers(2)
		case tagAllocSample:
			address := r.number()
			samples[address] = r.number()
		default:
			return nil, fmt.Errorf("%s: unknown tag %d", file, tag)
		}
	}
}

// The object that an address lies in.
func (d *heapDump) find(address uint64) int {
	i := sort.Search(len(d.objects), func(i int) bool { return d.objects[i].address > address }) - 1
	if i >= 0 && address < d.objects[i].address+d.objects[i].size {
		return i
	}
	return -1
}
