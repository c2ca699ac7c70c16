package sim

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// appKind tells the two accounts apart, everywhere an app is named.
type appKind string

const (
	kindOA   appKind = "oa"
	kindMini appKind = "mini"
	kindPay  appKind = "pay" // the merchant; not an app, but a name in journal and faults
	kindSMS  appKind = "sms" // text messages on the phone, which no account of WeChat sends
)

// app is one account on the platform.
type app struct {
	kind           appKind
	id, secret, gh string
	token          string
	aesKey         []byte

	plain, stable tokenSlot
	forced        []time.Time // force_refresh calls that did refresh, last day
	ticket        tokenSlot   // jsapi_ticket
	cleared       []time.Time // clear_quota calls of this month
}

// world is the state a reset clears. Sim.mu guards it.
type world struct {
	generation int // of resets: work of an older world changes nothing
	apps       map[appKind]*app
	tokens     map[string]*accessToken

	customers []*customer
	people    map[string]*customer // by id, openid of either app, unionid and phone
	codes     map[string]*oneTimeCode
	web       map[string]*webToken // of pages, by the token itself

	qrcodes   []*qrcode
	qrByKey   map[string]*qrcode // by ticket and by encoded address
	permanent int

	doors     []*door // into the mini-program
	doorByURL map[string]*door
	wxacodes  pace

	used   map[quotaKey]int64 // calls of the day
	usedOn string

	tags    []*tag // of the 服务号
	lastTag int64
	menu    *menu // nil when none was made
	menuNo  int64

	templateSent map[string]sentTemplate // openid + client_msg_id

	orders        map[string]*order // by out_trade_no
	orderList     []*order
	prepays       map[string]*order
	transactions  map[string]*order
	refunds       map[string]*refund
	noticesSigned int

	billChanges map[string][]billChange // by day
	billLinks   map[string]billLink     // by token

	deliveries []*Delivery
	deliveryNo int
	journal    journal
	faults     []*Fault
	faultNo    int
}

func newWorld(acc *accounts) *world {
	return &world{
		apps: map[appKind]*app{
			kindOA:   {kind: kindOA, id: acc.OA.AppID, secret: acc.OA.Secret, gh: acc.OA.GhID, token: acc.OA.Token, aesKey: acc.oaKey},
			kindMini: {kind: kindMini, id: acc.Mini.AppID, secret: acc.Mini.Secret, gh: acc.Mini.GhID, token: acc.Mini.Token, aesKey: acc.miniKey},
		},
		tokens:       map[string]*accessToken{},
		people:       map[string]*customer{},
		codes:        map[string]*oneTimeCode{},
		web:          map[string]*webToken{},
		qrByKey:      map[string]*qrcode{},
		tags:         platformTags(),
		doorByURL:    map[string]*door{},
		used:         map[quotaKey]int64{},
		templateSent: map[string]sentTemplate{},
		orders:       map[string]*order{},
		prepays:      map[string]*order{},
		transactions: map[string]*order{},
		refunds:      map[string]*refund{},
		billChanges:  map[string][]billChange{},
		billLinks:    map[string]billLink{},
	}
}

// Reset forgets customers, orders, codes, tokens, faults and the journal, and drops
// work in the queue. Accounts, settings and the sequence of ids stay.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	generation := s.generation + 1
	s.world = newWorld(s.acc)
	s.generation = generation
	s.engine.clear()
	s.signalLocked()
}

func (w *world) appByID(id string) *app {
	for _, a := range w.apps {
		if a.id == id {
			return a
		}
	}
	return nil
}

// customer is one person with a phone: one unionid, one openid per app.
type customer struct {
	ID       string // u1, u2 …
	Nickname string
	Phone    string
	UnionID  string
	openID   map[appKind]string

	followed   bool
	followedAt time.Time
	scene      string // of the QR that brought the follow
	tags       []int64
	blocked    bool // refuses template messages
	// unreachable: messages are taken and fail later, by the platform's own fault.
	unreachable bool
	risky       bool // code2session answers 40226

	windows map[appKind]map[windowKind]*window
	credits map[appKind]map[string]int // subscribe messages still allowed, by template id
	held    map[appKind]*Delivery      // by the fault reordered
	inApp   time.Time                  // last time in the mini-program
	inbox   []Message
	logins  []time.Time // successful code2session calls of the last minute
	// sessionKey is that of the last login, as the product got it.
	sessionKey string
}

// Message is one line on a customer's phone.
type Message struct {
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`
	App   appKind   `json:"app"`
	Mine  bool      `json:"mine"` // sent by the customer
	Kind  string    `json:"kind"` // text, event, template, subscribe, reply, custom, payment, sms, notice
	Title string    `json:"title,omitempty"`
	Text  string    `json:"text,omitempty"`
	// Fields are a template's lines in its order.
	Fields     []MessageField `json:"fields,omitempty"`
	TemplateID string         `json:"template_id,omitempty"`
	URL        string         `json:"url,omitempty"`
	MsgID      string         `json:"msg_id,omitempty"`
}

// MessageField is one filled field of a template.
type MessageField struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// inboxKept bounds one customer's messages; older ones are dropped.
const inboxKept = 500

func (s *Sim) receive(u *customer, m Message) {
	m.At, m.Seq = s.now(), 1
	if n := len(u.inbox); n > 0 {
		m.Seq = u.inbox[n-1].Seq + 1
	}
	u.inbox = append(u.inbox, m)
	if extra := len(u.inbox) - inboxKept; extra > 0 {
		u.inbox = slices.Delete(u.inbox, 0, extra)
	}
}

// seen notes that the customer is in the mini-program.
func (u *customer) seen(kind appKind, now time.Time) {
	if kind == kindMini {
		u.inApp = now
	}
}

// byOpenID finds who owns an openid of the app; nil when it is nobody's there.
func (w *world) byOpenID(kind appKind, openID string) *customer {
	if u := w.people[openID]; u != nil && u.openID[kind] == openID {
		return u
	}
	return nil
}

func (s *Sim) addCustomer(nickname, phone string) *customer {
	n := len(s.customers) + 1
	if nickname == "" {
		nickname = "顾客" + strconv.Itoa(n)
	}
	if phone == "" {
		phone = "199" + s.ids.digits(8)
	}
	u := &customer{
		ID: "u" + strconv.Itoa(n), Nickname: nickname, Phone: phone, UnionID: s.ids.unionID(),
		openID:  map[appKind]string{kindOA: s.ids.openID(kindOA), kindMini: s.ids.openID(kindMini)},
		windows: map[appKind]map[windowKind]*window{kindOA: {}, kindMini: {}},
		credits: map[appKind]map[string]int{kindOA: {}, kindMini: {}},
		held:    map[appKind]*Delivery{},
	}
	s.customers = append(s.customers, u)
	for _, key := range []string{u.ID, u.UnionID, u.Phone, u.openID[kindOA], u.openID[kindMini]} {
		s.people[key] = u
	}
	return u
}

// oneTimeCode is a js_code, a phone code or a page's code: five minutes, one use.
type oneTimeCode struct {
	purpose string // login, phone, or web and its scope
	user    *customer
	number  string // of a phone code
	expires time.Time
	used    bool
}

const codeLife = 5 * time.Minute

// pruneAbove is how large a memory of short-lived things grows before the dead ones
// are dropped.
const pruneAbove = 20_000

func (s *Sim) issueCode(purpose string, u *customer, number string) string {
	now := s.now()
	if len(s.codes) > pruneAbove {
		// Long dead ones answer 40029 either way.
		maps.DeleteFunc(s.codes, func(_ string, old *oneTimeCode) bool { return now.Sub(old.expires) > time.Hour })
	}
	code := "0" + s.ids.word(31)
	s.codes[code] = &oneTimeCode{purpose: purpose, user: u, number: number, expires: now.Add(codeLife)}
	return code
}
