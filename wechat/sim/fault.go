package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault makes chosen calls go wrong. It matches by App and Endpoint, lets Nth-1
// matching calls pass, then strikes Times times.
type Fault struct {
	ID   string    `json:"id"`
	Kind faultKind `json:"kind"`
	App  appKind   `json:"app,omitempty"` // oa, mini, pay; empty matches all
	// Endpoint is an API path ("/cgi-bin/token", "/v3/pay/transactions/*"), or for
	// pushes the event ("subscribe", "text", "TRANSACTION.SUCCESS"); empty matches
	// all, a final * matches a prefix.
	Endpoint string `json:"endpoint,omitempty"`
	Nth      int    `json:"nth,omitempty"`   // first call it strikes, from 1
	Times    int    `json:"times,omitempty"` // how often; 0 means once, -1 for ever
	DelayMS  int64  `json:"delay_ms,omitempty"`
	Status   int    `json:"status,omitempty"`  // of kind error
	Code     string `json:"code,omitempty"`    // errcode or pay code of kind error
	Message  string `json:"message,omitempty"` // of kind error
	Stuck    bool   `json:"stuck,omitempty"`   // token_revoked: stable_token keeps handing out the dead token until force_refresh

	Seen   int `json:"seen"`   // matching calls so far
	Struck int `json:"struck"` // calls it spoiled
}

type faultKind string

// Faults of an answer to the product.
const (
	faultLatency      faultKind = "latency"       // answer after delay_ms, 1 s unless given
	faultReset        faultKind = "reset"         // TCP reset, nothing done
	faultBadGateway   faultKind = "bad_gateway"   // HTTP 502 page
	faultBusy         faultKind = "busy"          // errcode -1; pay: 500 SYSTEM_ERROR
	faultRevoked      faultKind = "token_revoked" // 40001 and the token is dead
	faultQuota        faultKind = "quota"         // 45009; pay: 429 FREQUENCY_LIMITED
	faultError        faultKind = "error"         // status, code and message as given
	faultTimeoutAfter faultKind = "timeout_after" // the work is done, the answer never comes; the connection dies after delay_ms, 6 s unless given
	faultBadSignature faultKind = "bad_signature" // pay: answer signed wrongly
	faultNoPrepay     faultKind = "no_prepay_id"  // pay: 200 {} for a prepay
	faultBadHash      faultKind = "bad_bill_hash" // pay: the bill's hash is not that of its file
	faultPayFirst     faultKind = "pay_first"     // pay: the customer pays a moment before the close takes effect
)

// Faults of a push or notification to the product.
const (
	faultDuplicate   faultKind = "duplicate"            // delivered twice at once
	faultLost        faultKind = "lost"                 // never sent, never retried
	faultDelayed     faultKind = "delayed"              // sent delay_ms later, 10 min unless given
	faultTampered    faultKind = "tampered_signature"   // signature does not fit
	faultProbe       faultKind = "signtest"             // pay: WECHATPAY/SIGNTEST/ probe
	faultSerial      faultKind = "wrong_serial"         // pay: unknown Wechatpay-Serial
	faultExpired     faultKind = "expired_timestamp"    // timestamp 10 min old, signed rightly
	faultMchID       faultKind = "foreign_mchid"        // pay: another merchant's, signed rightly
	faultAppID       faultKind = "foreign_appid"        // another app's; pushes: in the ciphertext
	faultAmount      faultKind = "amount_mismatch"      // pay: one fen more than ordered
	faultCiphertext  faultKind = "malformed_ciphertext" // signed rightly, cannot be decrypted
	faultPlaintext   faultKind = "plaintext"            // pushes: unencrypted to an encrypted account
	faultExtraFields faultKind = "extra_fields"         // unknown fields in the body
	faultOversized   faultKind = "oversized"            // a body of 1 MiB
	// faultReordered holds the notification of a payment back until that of its refund is out, and a push back until the customer's next
	// one is, or for delay_ms, 10 min unless given.
	faultReordered faultKind = "reordered"
)

var (
	answerFaults = []faultKind{
		faultLatency, faultReset, faultBadGateway, faultBusy, faultRevoked, faultQuota, faultError,
		faultTimeoutAfter, faultBadSignature, faultNoPrepay,
	}
	pushFaults = []faultKind{
		faultDuplicate, faultLost, faultDelayed, faultTampered, faultProbe, faultSerial, faultExpired,
		faultMchID, faultAppID, faultAmount, faultCiphertext, faultPlaintext, faultExtraFields, faultOversized,
	}
	// payFaults strike where their one occasion is, so that other calls to the same path do not use them up.
	payFaults = []faultKind{faultReordered, faultBadHash, faultPayFirst}
)

func (f *Fault) validate() error {
	switch {
	case !slices.Contains(answerFaults, f.Kind) && !slices.Contains(pushFaults, f.Kind) && !slices.Contains(payFaults, f.Kind):
		return fmt.Errorf("fault kind %q is unknown", f.Kind)
	case f.App != "" && f.App != kindOA && f.App != kindMini && f.App != kindPay:
		return fmt.Errorf("app %q is not oa, mini or pay", f.App)
	case f.Nth < 0 || f.Times < -1 || f.DelayMS < 0 || f.DelayMS > 24*60*60*1000:
		return fmt.Errorf("nth, times or delay_ms is out of range")
	case (f.Kind == faultLatency || f.Kind == faultTimeoutAfter) && f.DelayMS > 60_000:
		return fmt.Errorf("delay_ms of %s is at most 60000", f.Kind)
	case f.Kind == faultError && f.Code == "":
		return fmt.Errorf("fault error needs a code")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is out of range", f.Status)
	}
	return nil
}

func (f *Fault) matches(app appKind, endpoint string) bool {
	if f.App != "" && f.App != app {
		return false
	}
	if prefix, ok := strings.CutSuffix(f.Endpoint, "*"); ok {
		return strings.HasPrefix(endpoint, prefix)
	}
	return f.Endpoint == "" || f.Endpoint == endpoint
}

func (s *Sim) addFault(f Fault) (*Fault, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	s.faultNo++
	f.ID, f.Seen, f.Struck = "f"+strconv.Itoa(s.faultNo), 0, 0
	s.faults = append(s.faults, &f)
	return &f, nil
}

// strike counts a call on every fault that matches it, and returns those that hit
// it. s.mu is held.
func (s *Sim) strike(kinds []faultKind, app appKind, endpoint string) []*Fault {
	var hit []*Fault
	for _, f := range s.faults {
		if !slices.Contains(kinds, f.Kind) || !f.matches(app, endpoint) {
			continue
		}
		f.Seen++
		times := f.Times
		if times == 0 {
			times = 1
		}
		if f.Seen < f.Nth || (times > 0 && f.Struck >= times) {
			continue
		}
		f.Struck++
		hit = append(hit, f)
	}
	return hit
}

// strikeCall counts a call on the faults of one kind and tells whether one hits it. s.mu is held.
func (s *Sim) strikeCall(c *call, kind faultKind) bool {
	hit := s.strike([]faultKind{kind}, kindPay, c.endpoint)
	c.hit = append(c.hit, hit...)
	return len(hit) > 0
}

func struck(hit []*Fault, kind faultKind) *Fault {
	for _, f := range hit {
		if f.Kind == kind {
			return f
		}
	}
	return nil
}

func struckAny(hit []*Fault, kinds []faultKind) bool {
	return slices.ContainsFunc(hit, func(f *Fault) bool { return slices.Contains(kinds, f.Kind) })
}

func faultNames(hit []*Fault) string {
	names := make([]string, len(hit))
	for i, f := range hit {
		names[i] = string(f.Kind)
	}
	return strings.Join(names, ",")
}
