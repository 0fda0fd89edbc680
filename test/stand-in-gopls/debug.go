package main

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
)

// serveDebug serves what the real debug server serves, except where the mode says otherwise.
func serveDebug(real string, h *hovers) {
	pages := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: real})
	handler := http.NewServeMux()
	handler.Handle("/", pages)
	handler.HandleFunc("/metrics/", func(w http.ResponseWriter, r *http.Request) { metrics(w, real, h) })
	handler.HandleFunc("/debug/pprof/heap", func(w http.ResponseWriter, r *http.Request) {
		switch wanted := readMode().Heap; wanted {
		case "":
			pages.ServeHTTP(w, r)
		case "never":
			<-r.Context().Done()
		case "garbage":
			io.CopyN(w, rand.Reader, 5000)
		case "endless":
			io.Copy(w, rand.Reader)
		case "bomb":
			bomb(w)
		case "half":
			half(w, r, real)
		default:
			log.Fatalf("there is no heap mode %q", wanted)
		}
	})
	listener := must(net.Listen("tcp", *debugAddress))
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if readMode().Silent {
			<-r.Context().Done()
			return
		}
		handler.ServeHTTP(w, r)
	})))
}

var (
	completedHovers = regexp.MustCompile(`(?m)^(completed\{\[direction="in" method="textDocument/hover" status\.code="OK"\]\} )(\d+)$`)
	repliesToHovers = regexp.MustCompile(`(?m)^(sent_bytes_count\{\[direction="in" method="textDocument/hover"\]\} )(\d+)$`)
)

// metrics serves gopls's counters as seen from the editor: a hover whose answer is held back is not completed.
func metrics(w http.ResponseWriter, real string, h *hovers) {
	// Before the page is read: what is answered in between shows on the next one.
	answered, results := h.soFar()
	page := atMost(results, completedHovers, read(real, "/metrics/"))
	w.Write(atMost(answered, repliesToHovers, page))
}

// atMost lowers the number at the end of the line.
func atMost(most int, line *regexp.Regexp, page []byte) []byte {
	return line.ReplaceAllFunc(page, func(found []byte) []byte {
		parts := line.FindSubmatch(found)
		return fmt.Appendf(nil, "%s%d", parts[1], min(most, must(strconv.Atoi(string(parts[2])))))
	})
}

// half sends the first half of the real profile and then nothing more.
func half(w http.ResponseWriter, r *http.Request, real string) {
	profile := read(real, "/debug/pprof/heap")
	w.Header().Set("Content-Length", strconv.Itoa(len(profile)))
	w.Write(profile[:len(profile)/2])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func read(real, path string) []byte {
	response, err := http.Get("http://" + real + path)
	if err != nil {
		log.Print(err)
		return nil
	}
	defer response.Body.Close()
	page, _ := io.ReadAll(response.Body)
	return page
}

// bomb sends less than 3 MB that inflate to 2 GB: half a billion samples, each of one value.
func bomb(w http.ResponseWriter) {
	// Field 2 of the profile, a sample of two bytes: field 2, a value, which is 0.
	block := bytes.Repeat([]byte{0x12, 2, 0x10, 0}, 16<<20)
	var squeezed bytes.Buffer
	writer := must(flate.NewWriter(&squeezed, flate.BestCompression))
	writer.Write(block)
	writer.Flush()
	w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	for sent := 0; sent < 2<<30; sent += len(block) {
		w.Write(squeezed.Bytes())
	}
	// The end of the stream, with a checksum that nobody gets to.
	w.Write([]byte{1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0})
}
