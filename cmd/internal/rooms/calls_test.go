package rooms

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outsideCalls are the functions by which a program reaches another machine.
var outsideCalls = []string{
	"http.Get", "http.Head", "http.Post", "http.PostForm", "http.NewRequest", "http.NewRequestWithContext", "http.DefaultClient.Do",
	"net.Dial", "net.DialTimeout", "tls.Dial", "rpc.Dial", "smtp.SendMail",
}

// T28: only the adapters reach other machines, and these know whom they call: an address that a client sends (a picture, an avatar, a
// webhook) is stored and shown at most, never fetched.
func TestT28OnlyAdaptersReachOut(t *testing.T) {
	seen := 0
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		adapter := strings.HasPrefix(path, "wechat/") || strings.HasPrefix(path, "service/messages/sms/") || strings.HasPrefix(path, "model/db/") || strings.HasPrefix(path, "model/kv/")
		if strings.HasPrefix(path, "cmd/") || strings.HasPrefix(path, "scripts/") {
			return // what drives the program from outside
		}
		ast.Inspect(file, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.CallExpr:
				if s := selector(n.Fun); slices.Contains(outsideCalls, s) {
					what = s
				}
			case *ast.SelectorExpr:
				if s := selector(n); s == "http.DefaultClient" || s == "http.Client" || s == "net.Dialer" || s == "http.Transport" {
					what = s
				}
			}
			if what == "" {
				return true
			}
			if seen++; !adapter {
				t.Errorf("%s uses %s; only wechat, SMS, database and kv reach other machines", fset.Position(n.Pos()), what)
			}
			return true
		})
	})
	if seen == 0 {
		t.Error("nothing of the house reaches out: this test has lost its eyes")
	}
}

// T52: WeChat and SMS are never called while a transaction is open, where a slow answer would hold locks. A transaction is open in every
// function that is given one.
func TestT52NoCallsInsideTransactions(t *testing.T) {
	calls := map[string]bool{}
	sources(t, func(path string, file *ast.File, _ *token.FileSet) {
		if !slices.ContainsFunc([]string{"wechat/oa/", "wechat/mini/", "wechat/pay/", "service/messages/sms/"}, func(dir string) bool { return strings.HasPrefix(path, dir) }) {
			return
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv != nil && f.Name.IsExported() && takes(f.Type, "context.Context") && !slices.Contains(quiet, f.Name.Name) {
				calls[f.Name.Name] = true
			}
		}
	})
	for _, name := range []string{"SendTemplate", "SendSubscribe", "SendText", "Send", "CreateQR", "MiniCode", "Code2Session", "Prepay", "Refund", "UploadShipping"} {
		if !calls[name] {
			t.Errorf("%s is not among the calls of the adapters: this test has lost its eyes", name)
		}
	}
	within := 0
	sources(t, func(path string, file *ast.File, fset *token.FileSet) {
		if !strings.HasPrefix(path, "service/") || strings.HasPrefix(filepath.Base(path), "store") {
			return // store files query, and hold nobody who calls
		}
		check := func(body ast.Node) {
			ast.Inspect(body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				s := selector(call.Fun)
				if strings.HasSuffix(s, ".OnCommit") {
					return false // runs when the transaction is over
				}
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && !strings.Contains(s, "()") { // a chain of calls builds a query
					if calls[sel.Sel.Name] && !handsOn(call) {
						t.Errorf("%s calls %s while a transaction is open", fset.Position(n.Pos()), s)
					}
				}
				return true
			})
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch f := n.(type) {
			case *ast.FuncDecl:
				if f.Body != nil && takes(f.Type, "db.Tx") {
					within++
					check(f.Body)
					return false
				}
			case *ast.FuncLit:
				if takes(f.Type, "db.Tx") {
					within++
					check(f.Body)
					return false
				}
			}
			return true
		})
	})
	if within < 100 {
		t.Errorf("only %d functions with a transaction were found", within)
	}
}

// quiet are methods of the adapters that call nobody.
var quiet = []string{"Close", "ParseNotice", "Validate", "GetAcceptSerial"}

// takes reports whether a function has a parameter of a type, or of a pointer to it.
func takes(f *ast.FuncType, name string) bool {
	for _, p := range f.Params.List {
		e := p.Type
		if star, ok := e.(*ast.StarExpr); ok {
			e = star.X
		}
		if selector(e) == name {
			return true
		}
	}
	return false
}

// handsOn reports whether a call hands the transaction on, which only rooms of the house take.
func handsOn(call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && id.Name == "tx"
	})
}
