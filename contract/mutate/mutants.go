package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mutant is one change of one file.
type mutant struct {
	file       string // relative to the contract's folder
	line       int
	start, end int // bytes that are replaced
	with       string
	what       string
}

// swaps of operators: the bound next to it, and the opposite.
var swaps = map[token.Token][]string{
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"+"}, token.QUO: {"*"}, token.SHL: {">>"}, token.SHR: {"<<"}, token.AND: {"|"},
}

// mutantsOf lists every mutant of one file.
func mutantsOf(dir, file string) ([]mutant, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := finder{file: file, files: files, text: string(text)}
	ast.Inspect(tree, f.visit)
	return f.found, nil
}

type finder struct {
	file  string
	files *token.FileSet
	text  string
	found []mutant
}

func (f *finder) add(from, to token.Pos, with string) {
	start, end := f.files.Position(from).Offset, f.files.Position(to).Offset
	what := strings.Join(strings.Fields(f.text[start:end]), " ")
	f.found = append(f.found, mutant{f.file, f.files.Position(from).Line, start, end, with, fmt.Sprintf("`%s` -> `%s`", what, with)})
}

func (f *finder) source(n ast.Node) string {
	return f.text[f.files.Position(n.Pos()).Offset:f.files.Position(n.End()).Offset]
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.BinaryExpr:
		for _, with := range swaps[n.Op] {
			f.add(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.add(n.OpPos, n.OpPos+1, "")
		}
	case *ast.AssignStmt:
		if n.Tok == token.ADD_ASSIGN {
			f.add(n.TokPos, n.TokPos+2, "-=")
		}
	case *ast.IncDecStmt:
		f.add(n.TokPos, n.TokPos+2, map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok])
	case *ast.BasicLit:
		if n.Kind == token.INT {
			if value, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
				f.add(n.Pos(), n.End(), strconv.FormatInt(value+1, 10))
			}
		}
	case *ast.CallExpr:
		if name := f.source(n.Fun); name == "runtime.CheckWitness" || name == "isVoucher" {
			f.add(n.Pos(), n.End(), "("+f.source(n)+" || true)")
		}
		if f.source(n.Fun) == "min" {
			f.add(n.Pos(), n.Pos()+3, "max")
		}
	case *ast.IfStmt:
		f.add(n.Cond.Pos(), n.Cond.End(), "("+f.source(n.Cond)+") && false")
	case *ast.ExprStmt:
		f.deleteCall(n)
	}
	return true
}

// deleteCall drops a call that stands for itself: a check, a write, a notification.
// Its arguments stay, so that nothing becomes unused.
func (f *finder) deleteCall(n *ast.ExprStmt) {
	c, ok := n.X.(*ast.CallExpr)
	if !ok || f.source(c.Fun) == "panic" {
		return
	}
	f.add(n.Pos(), n.End(), "if false { "+f.source(n)+" }")
}
