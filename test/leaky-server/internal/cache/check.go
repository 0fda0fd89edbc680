package cache

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"stallscope.test/gopls/internal/cache/parsego"
)

// typePackage is a checked package with the syntax it was checked from.
type typePackage struct {
	types *types.Package
	info  *types.Info
}

// checkPackages checks every file of the session as a package of its own.
func (s *Session) checkPackages() (packages []*typePackage) {
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		packages = append(packages, checkPackage(parsego.Parse(token.NewFileSet(), name, s.files[name])))
	}
	return packages
}

func checkPackage(file *parsego.File) *typePackage {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	fset := token.NewFileSet()
	fset.AddFile(file.Tok.Name(), file.Tok.Base(), file.Tok.Size())
	config := types.Config{}
	checked, err := config.Check("workspace", fset, []*ast.File{file.File}, info)
	if err != nil {
		panic(err)
	}
	return &typePackage{checked, info}
}
