// Package cache holds what a language server knows of a workspace. Its methods say which of them forget to let go.
package cache

import (
	"fmt"
	"os"
	"strconv"

	"stallscope.test/gopls/internal/cache/parsego"
	"stallscope.test/gopls/internal/source"
)

// workspaceFiles is how many files the workspace has.
const workspaceFiles = 12

// A Session is the state of one editor.
type Session struct {
	parseCache parseCache
	files      map[string][]byte
	views      []*View
	viewIndex  int
	// Nothing ever removes these.
	abandonedViews []*View
	analysisNodes  []*analysisNode
}

// A View is one build of a folder.
type View struct {
	id       string
	root     string
	env      []string
	packages []*typePackage
	metadata map[string]*packageMetadata
	snapshot *Snapshot
}

// packageMetadata is what the go command said of a package.
type packageMetadata struct {
	id    string
	files []string
	deps  map[string]string
}

// NewSession has read the workspace's files, and shows none of them yet.
func NewSession() *Session {
	s := &Session{parseCache: parseCache{latest: map[string]*parsego.File{}}, files: map[string][]byte{}}
	for i := range workspaceFiles {
		s.files[fmt.Sprintf("/workspace/file%d.go", i)] = source.File(i, 300)
	}
	return s
}

// OpenFolder creates a view and keeps it.
func (s *Session) OpenFolder(root string) {
	s.views = append(s.views, s.createView(root))
}

// OpenOverlappingFolder creates one more view of the same files, each package checked once more for it.
func (s *Session) OpenOverlappingFolder() {
	s.OpenFolder("/workspace/module" + strconv.Itoa(len(s.views)))
}

// RecreateViewRetainingOld replaces the view of a folder as a change of the configuration does, and forgets to shut
// the old one down.
func (s *Session) RecreateViewRetainingOld(root string) {
	for i, view := range s.views {
		if view.root == root {
			s.abandonedViews = append(s.abandonedViews, view)
			s.views[i] = s.createView(root)
		}
	}
}

func (s *Session) createView(root string) *View {
	s.viewIndex++
	view := &View{id: strconv.Itoa(s.viewIndex), root: root, env: os.Environ()}
	view.metadata = s.loadMetadata()
	view.packages = s.checkPackages()
	view.snapshot = newSnapshot(s.files)
	return view
}

func (s *Session) loadMetadata() map[string]*packageMetadata {
	all := map[string]*packageMetadata{}
	for i := range 3000 {
		id := fmt.Sprintf("example.com/dependency%d/package", i)
		deps := map[string]string{}
		for dep := range 20 {
			deps[fmt.Sprintf("example.com/dependency%d", dep)] = fmt.Sprintf("v1.%d.%d", i, dep)
		}
		all[id] = &packageMetadata{id: id, files: []string{id + "/one.go", id + "/two.go"}, deps: deps}
	}
	return all
}

// Save parses the new text of a file.
func (s *Session) Save(text []byte, retain bool) {
	s.parseCache.parseFiles("/workspace/edited.go", text, retain)
}

// Churn parses, checks and clones, and keeps nothing of it.
func (s *Session) Churn(text []byte) {
	var passing parseCache
	passing.latest = map[string]*parsego.File{}
	checkPackage(passing.parseFiles("/workspace/passing.go", text, Replace))
	s.views[0].snapshot.clone(cloneOnly)
}

// OpenFile reads a file from the disk, parses it and keeps both.
func (s *Session) OpenFile(path string) {
	text := readFile(path)
	s.files[path] = text
	s.parseCache.parseFiles(path, text, Replace)
}

func readFile(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return text
}
