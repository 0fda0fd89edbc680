// Package parsego parses, and its callers decide what becomes of the result.
package parsego

import (
	"go/ast"
	"go/parser"
	"go/token"
)

// A File is a parsed file with all that keeps it alive.
type File struct {
	Src  []byte
	File *ast.File
	Tok  *token.File
}

// Parse parses into the file set.
func Parse(fset *token.FileSet, name string, src []byte) *File {
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		panic(err)
	}
	return &File{src, file, fset.File(file.FileStart)}
}
