package rooms

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// sources calls f with every Go file of the house that is not a test.
func sources(t *testing.T, f func(path string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		n++
		f(filepath.ToSlash(rel), file, fset)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 100 {
		t.Fatalf("only %d files were found", n)
	}
}

// The demo travels in time through one injected clock; a second reading of the real one below cmd would stay behind.
func TestTheClockIsReadInCmdOnly(t *testing.T) {
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		if strings.HasPrefix(path, "cmd/") || strings.HasPrefix(path, "scripts/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && selector(call.Fun) == "time.Now" {
				t.Errorf("%s reads the clock", fset.Position(n.Pos()))
			}
			return true
		})
	})
}

func TestGORMStaysInStoreFiles(t *testing.T) {
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		if !strings.HasPrefix(path, "service/") || strings.HasPrefix(filepath.Base(path), "store") {
			return
		}
		for _, i := range file.Imports {
			if strings.HasPrefix(strings.Trim(i.Path.Value, `"`), "gorm.io/") {
				t.Errorf("%s imports GORM; only store*.go may", fset.Position(i.Pos()))
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && strings.HasSuffix(selector(call.Fun), ".Gorm") {
				t.Errorf("%s queries; only store*.go may", fset.Position(n.Pos()))
			}
			return true
		})
	})
}

// T29: what GORM puts into a statement as text is never built at run time.
func TestT29StatementsAreConstant(t *testing.T) {
	textual := []string{"Order", "Select", "Table", "Group", "Joins", "Having", "Raw", "Exec", "Where", "Or", "Not", "Distinct", "Pluck", "Update"}
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		if !strings.HasPrefix(path, "service/") || !strings.HasPrefix(filepath.Base(path), "store") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(textual, sel.Sel.Name) {
				return true
			}
			if built := builtText(call.Args[0]); built != "" {
				t.Errorf("%s: %s takes %s; statements must be constant, values bound", fset.Position(n.Pos()), sel.Sel.Name, built)
			}
			return true
		})
	})
}

// builtText says how an expression makes text at run time, or "".
func builtText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			for _, part := range []ast.Expr{e.X, e.Y} {
				if id, ok := part.(*ast.Ident); ok && id.Obj != nil && id.Obj.Kind != ast.Con {
					return "a text joined with " + id.Name
				}
				if built := builtText(part); built != "" {
					return built
				}
			}
		}
	case *ast.CallExpr:
		if s := selector(e.Fun); strings.HasPrefix(s, "fmt.") || strings.HasPrefix(s, "strings.") {
			return s
		}
	}
	return ""
}

// T21: secrets are compared in constant time. Names that say "signature", "token", "secret" or "hash" must not meet == outside of
// comparisons with constants.
func TestT21SecretsAreNotComparedByOperators(t *testing.T) {
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		if strings.HasPrefix(path, "wechat/sim/") || strings.HasPrefix(path, "cmd/") {
			return // no secrets of ours
		}
		ast.Inspect(file, func(n ast.Node) bool {
			b, ok := n.(*ast.BinaryExpr)
			if !ok || (b.Op != token.EQL && b.Op != token.NEQ) {
				return true
			}
			if constant(b.X) || constant(b.Y) {
				return true
			}
			for _, side := range []ast.Expr{b.X, b.Y} {
				name := strings.ToLower(selector(side))
				for _, word := range []string{"signature", "password", "secret", "mac"} {
					if strings.HasSuffix(name, word) {
						t.Errorf("%s compares %s with an operator; use hmac.Equal", fset.Position(n.Pos()), selector(side))
					}
				}
			}
			return true
		})
	})
}

func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Obj != nil && e.Obj.Kind == ast.Con
	}
	return false
}

func selector(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return selector(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return selector(e.Fun) + "()"
	}
	return ""
}

// Every package says what it owns.
func TestPackagesAreDescribed(t *testing.T) {
	described, seen := map[string]bool{}, map[string]bool{}
	sources(t, func(path string, file *ast.File, _ *token.FileSet) {
		dir := filepath.Dir(path)
		seen[dir] = true
		if file.Doc != nil && len(file.Doc.Text()) > 40 {
			described[dir] = true
		}
	})
	for dir := range seen {
		if !described[dir] {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestTopLevelFoldersAreTheAgreedOnes(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	agreed := []string{"cmd", "handler", "service", "model", "wechat", "config", "scripts"}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(agreed, e.Name()) {
			t.Errorf("top-level folder %s is not in the plan of the house", e.Name())
		}
	}
}
