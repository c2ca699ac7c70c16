package rooms

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list` says of one package, tests left out.
type pkg struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "huitou/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, "huitou/")
		for i := range p.Imports {
			p.Imports[i] = strings.TrimPrefix(p.Imports[i], "huitou/")
		}
		list = append(list, p)
	}
	if len(list) < 30 {
		t.Fatalf("go list found %d packages only", len(list))
	}
	return list
}

// ours tells whether an import path is a room of this house.
func ours(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return slices.Contains([]string{"cmd", "handler", "service", "model", "wechat", "config", "scripts"}, first)
}

// std tells whether an import path is of the standard library.
func std(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && !ours(imported)
}

// rule says what one room may import, and why. A name ending in /... stands for everything below.
type rule struct {
	may []string
	why string
}

// A new arrow between rooms is a decision: it is made here, with its reason.
var rules = map[string]rule{
	"model":         {nil, "words and pure rules; everybody may import them, so they import nothing"},
	"model/fault":   {nil, "errors are words too"},
	"model/random":  {nil, "identifiers need the system's random source only"},
	"model/sealed":  {nil, "sealing is the standard library's cryptography and a key"},
	"model/weblink": {[]string{"golang.org/x/net/idna", "golang.org/x/net/publicsuffix", "golang.org/x/text/..."}, "what counts as an address is a pure rule, on the list of domains that exist"},
	"model/db": {[]string{"model/fault", "gorm.io/...", "github.com/go-sql-driver/mysql", "github.com/ncruces/go-sqlite3/...", "github.com/pressly/goose/v3/..."},
		"the only room that knows how data is stored; it knows no business word"},
	"model/db/dbtest": {[]string{"model/db", "model/random", "github.com/go-sql-driver/mysql"}, "throw-away databases for tests"},
	"model/kv":        {[]string{"github.com/redis/go-redis/v9/...", "github.com/sony/gobreaker/v2"}, "hints in Redis or memory"},
	"model/kv/kvtest": {[]string{"model/kv"}, "one suite for both kinds"},
	"service/...":     {[]string{"model/...", "service/...", "wechat"}, "capabilities speak in our words; see levels for which may know which"},
	"service/staff":   {[]string{"golang.org/x/crypto/argon2"}, "passwords are hashed with the library's argon2id"},
	"service/qrcodes": {[]string{"github.com/skip2/go-qrcode", "golang.org/x/sync/singleflight"}, "pictures of codes are drawn here, from what WeChat says they say; one that many want is asked for once"},
	"service/replies": {[]string{"golang.org/x/text/..."}, "texts that people write are compared in Unicode's compatible form, without case"},
	"service/messages/sms": {[]string{"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/..."},
		"the one place outside wechat that knows a provider's SDK: of text messages"},
	"model/sheet":           {[]string{"golang.org/x/text/..."}, "tables that people export; files in a Chinese legacy encoding are told apart to be refused with the right reason"},
	"model/print":           {[]string{"model/print/font", "codeberg.org/go-pdf/fpdf", "github.com/skip2/go-qrcode", "golang.org/x/image/..."}, "cards are drawn by the libraries for PDF, QR codes and fonts, from given words"},
	"model/print/font":      {[]string{"golang.org/x/image/..."}, "the font and how wide its letters are"},
	"wechat":                {nil, "our own words for WeChat"},
	"wechat/internal/api":   {[]string{"wechat", "model/kv", "golang.org/x/sync/..."}, "one way to call WeChat, with one shared token"},
	"wechat/internal/push":  {[]string{"wechat"}, "opening and sealing of callbacks"},
	"wechat/mini":           {[]string{"wechat", "wechat/internal/...", "model/kv", "github.com/silenceper/wechat/v2/..."}, "adapter of the mini-program"},
	"wechat/oa":             {[]string{"wechat", "wechat/internal/...", "model/kv", "github.com/silenceper/wechat/v2/..."}, "adapter of the official account"},
	"wechat/pay":            {[]string{"wechat", "github.com/wechatpay-apiv3/wechatpay-go/..."}, "adapter of WeChat Pay"},
	"wechat/sim":            {[]string{"github.com/skip2/go-qrcode"}, "speaks WeChat's HTTP with its own crypto; sharing ours would hide our mistakes from it"},
	"handler/web":           {[]string{"model", "model/db", "model/fault", "model/random", "service/staff", "github.com/labstack/echo/v4/...", "github.com/danielgtaylor/huma/v2/...", "golang.org/x/time/rate"}, "glue between HTTP and services"},
	"handler/api":           {[]string{"handler/web", "model", "model/db", "model/fault", "service/...", "wechat"}, "routes of shoppers"},
	"handler/admin":         {[]string{"handler/web", "model", "model/db", "model/fault", "service/...", "wechat"}, "routes of staff"},
	"handler/console":       {[]string{"github.com/labstack/echo/v4", "model", "model/db", "model/fault", "model/random", "service/..."}, "pages for staff; forms and cookies, without the JSON of the typed routes"},
	"handler/guest":         {[]string{"github.com/labstack/echo/v4/...", "golang.org/x/time/rate", "model/fault", "model/print", "service/aftersale", "service/surveys"}, "pages for customers who come by a link; forms, without the JSON of the typed routes"},
	"handler/ingest":        {[]string{"handler/web", "model", "model/db", "model/fault", "service/..."}, "routes of shop systems"},
	"handler/hook":          {[]string{"github.com/labstack/echo/v4", "service/callbacks", "service/payments", "wechat"}, "callbacks: verify, store, answer"},
	"handler/ops":           {[]string{"github.com/labstack/echo/v4", "github.com/prometheus/client_golang/..."}, "health and metrics"},
	"config":                {[]string{"model", "github.com/knadh/koanf/...", "github.com/go-viper/mapstructure/v2"}, "typed settings with one library (mapstructure is koanf's decoder)"},
	"cmd/...":               {[]string{"*"}, "ties the rooms"},
	"cmd/internal/demoshop": {[]string{"model"}, "an invented shop is data, not wiring"},
	"cmd/internal/tour":     {[]string{"model", "model/random"}, "the tour sees the shop from outside, over HTTP only"},
	"scripts/...":           {nil, "small tools"},
}

// levels orders the capabilities: a package imports lower levels only (architecture §2).
var levels = map[string]int{
	"jobs": 0, "facts": 0, "audit": 0, "tokens": 0, "moves": 0,
	"members": 1, "staff": 1, "messages": 1, "callbacks": 1,
	"points": 2, "coupons": 2, "tiers": 2, "tags": 2, "payments": 2, "tasks": 2,
	"shipping": 3, // tells WeChat what payments has taken; who sold it says what it was
	"earning":  3, // between the ledger, through which it rewards actions, and orders, which ask it what they earn
	"orders":   4, "mall": 4, "memberships": 4, "surveys": 4, "segments": 4,
	"aftersale": 5, "referrals": 5, "campaigns": 5,
	"analytics": 6,
	"followers": 2,
	"qrcodes":   2, // hears of members who follow, asks staff who works here
	"replies":   6, // asks what follows a sale whether a scene is a parcel's
	"merges":    7, // moves what all others keep
}

// sameLevel are the arrows inside one level, each with its reason.
var sameLevel = map[string]string{
	"facts jobs": "each delivery of a fact is a job, so that every subscriber has its own retries",
	"jobs audit": "whoever has dead jobs run again stands in the staff trail",
}

func ruleOf(importPath string) (rule, bool) {
	if r, ok := rules[importPath]; ok {
		if inherited, ok := rules[path.Dir(importPath)+"/..."]; ok {
			r.may = append(slices.Clone(inherited.may), r.may...)
		}
		if strings.HasPrefix(importPath, "service/") {
			r.may = append(slices.Clone(rules["service/..."].may), r.may...)
		}
		return r, true
	}
	for dir := importPath; dir != "."; dir = path.Dir(dir) {
		if r, ok := rules[dir+"/..."]; ok {
			return r, true
		}
	}
	return rule{}, false
}

func allowed(r rule, imported string) bool {
	return slices.ContainsFunc(r.may, func(m string) bool {
		below, tree := strings.CutSuffix(m, "/...")
		return m == "*" || m == imported || tree && (imported == below || strings.HasPrefix(imported, below+"/"))
	})
}

func TestRoomsImportWhatTheyMay(t *testing.T) {
	for _, p := range packages(t) {
		r, known := ruleOf(p.ImportPath)
		if !known {
			t.Errorf("%s is a room without a rule: say in this test what it may import, and why", p.ImportPath)
			continue
		}
		if p.ImportPath == "cmd/internal/demoshop" || p.ImportPath == "cmd/internal/tour" {
			r = rules[p.ImportPath] // narrower than the rest of cmd
		}
		for _, imported := range p.Imports {
			if std(imported) || allowed(r, imported) || gormInStore(p, imported) {
				continue
			}
			t.Errorf("%s imports %s; it may not, because: %s", p.ImportPath, imported, r.why)
		}
	}
}

// gormInStore lets services use GORM, which TestGORMStaysInStoreFiles then keeps in its files.
func gormInStore(p pkg, imported string) bool {
	return strings.HasPrefix(p.ImportPath, "service/") && strings.HasPrefix(imported, "gorm.io/gorm")
}

func TestCapabilitiesImportLowerLevelsOnly(t *testing.T) {
	for _, p := range packages(t) {
		name, ok := strings.CutPrefix(p.ImportPath, "service/")
		if !ok || strings.Contains(name, "/") {
			continue
		}
		level, known := levels[name]
		if !known {
			t.Errorf("service/%s has no level", name)
		}
		for _, imported := range p.Imports {
			other, ok := strings.CutPrefix(imported, "service/")
			if !ok {
				continue
			}
			if levels[other] >= level && sameLevel[name+" "+other] == "" {
				t.Errorf("service/%s (level %d) imports service/%s (level %d)", name, level, other, levels[other])
			}
		}
	}
}

func TestOnlyCmdImportsConfigAndTheSimulator(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if (imported == "config" || imported == "wechat/sim") && !strings.HasPrefix(p.ImportPath, "cmd/") {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
			if imported == "github.com/silenceper/wechat/v2" {
				t.Errorf("%s imports the root package of the SDK, which sets the process's logger to debug (wechat.md §0.2)", p.ImportPath)
			}
		}
	}
}
