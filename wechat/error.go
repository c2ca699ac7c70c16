package wechat

import (
	"context"
	"errors"
	"fmt"
)

// Why an inbound message was not accepted. Callers compare with errors.Is.
var (
	// ErrSignature means the message is not proven to come from WeChat, or is meant for
	// another app. Answer 401 or 403 and store nothing.
	ErrSignature = errors.New("wechat: signature does not match")

	// ErrStale means the signature is right but the timestamp is more than five minutes
	// from our clock: an old message replayed, or a wrong clock. Worth an alarm.
	ErrStale = errors.New("wechat: timestamp is too far from now")

	// ErrPlaintext means a plaintext message for an account that only takes encrypted
	// ones: its body is covered by no signature.
	ErrPlaintext = errors.New("wechat: plaintext refused")

	// ErrTooLarge means the body is beyond the limit.
	ErrTooLarge = errors.New("wechat: body too large")

	// ErrMalformed means the message is authentic but cannot be read. Sending it again
	// cannot help.
	ErrMalformed = errors.New("wechat: message is malformed")

	// ErrDecrypt is an ErrMalformed whose ciphertext none of our keys opens: most likely
	// the key was changed on one side only. Worth an alarm.
	ErrDecrypt = fmt.Errorf("%w: ciphertext does not open", ErrMalformed)

	// ErrProbe is an ErrSignature that WeChat Pay sent on purpose, to see whether we
	// check. Refuse it like any other; count it apart.
	ErrProbe = fmt.Errorf("%w: signature probe", ErrSignature)

	// ErrBillHash means that the file of a bill is not the one whose hash WeChat Pay signed: cut off or changed on the way.
	ErrBillHash = errors.New("wechat: the bill does not have its hash")

	// ErrSerial is an ErrSignature made with a key we do not know: forged, or WeChat Pay
	// has moved to a new key.
	ErrSerial = fmt.Errorf("%w: unknown key serial", ErrSignature)
)

// ErrForeign means an answer carries data of another app.
var ErrForeign = errors.New("wechat: data belongs to another app")

// Class says what to do about an error code.
type Class string

const (
	ClassRetry     Class = "retry"     // busy; the same call again later, a few times
	ClassToken     Class = "token"     // access token refused; the adapters refresh it once by themselves
	ClassRecipient Class = "recipient" // bad openid or not following; never again to this person
	ClassConsent   Class = "consent"   // no subscription left; not before a new consent
	ClassQuota     Class = "quota"     // too many calls; later, next minute or next day
	ClassWindow    Class = "window"    // outside the customer-service window; another kind of message
	ClassCode      Class = "code"      // one-time code is dead; the client must get a new one
	ClassDenied    Class = "denied"    // WeChat refuses this person or content; no retry
	ClassConfig    Class = "config"    // our settings or rights are wrong; page someone
	ClassBug       Class = "bug"       // we sent nonsense; no retry
	ClassUnknown   Class = "unknown"   // not listed; do not send blindly again
)

// Error is a refusal in WeChat's own words: an errcode other than 0.
type Error struct {
	Code      int    // errcode
	Message   string // errmsg without the request id, at most a few hundred bytes
	RequestID string // rid, what WeChat's support asks for
	Endpoint  string // path of the call, without host and query
}

func (e *Error) Error() string {
	s := fmt.Sprintf("wechat %s: %d %s", e.Endpoint, e.Code, e.Message)
	if e.RequestID != "" {
		s += " (rid " + e.RequestID + ")"
	}
	return s
}

// tokenEndpoints issue tokens; 40001 from them means a wrong secret.
var tokenEndpoints = map[string]bool{
	"/cgi-bin/token":        true,
	"/cgi-bin/stable_token": true,
}

// Class sorts the code by what to do about it.
func (e *Error) Class() Class {
	if e.Code == 40001 && tokenEndpoints[e.Endpoint] {
		return ClassConfig
	}
	if c, ok := classes[e.Code]; ok {
		return c
	}
	return ClassUnknown
}

// classes follows the table of error codes in WeChat's documentation as summarised in the
// design notes (§3.10 codes, §4.8 shipping).
var classes = func() map[int]Class {
	m := map[int]Class{}
	for c, codes := range map[Class][]int{
		ClassRetry: {-1, 43108, 10060012, 10060019,
			10060001 /* order not found: also in the first seconds after a payment */},
		ClassToken:     {40001, 40014, 42001},
		ClassRecipient: {40003, 43004, 49003, 50005, 10060031},
		ClassConsent:   {43101},
		ClassQuota:     {45009, 45011, 44990, 44991, 48006, 85400},
		ClassWindow:    {45015, 45047},
		ClassCode:      {40029, 40163, 42003, 41008, 42002, 42007, 40030},
		ClassDenied:    {40226, 48002 /* does not want the account's messages */, 87014, 61010, CodeTooMany, CodeTagTooBig, 45059 /* a follower has 20 tags */},
		ClassConfig: {40002, 40013, 40125, 41002, 41004, 40243, 40164, 61004, 48001, 48004,
			50002, 40037, 43104, 43107},
		ClassBug: {41001, 43001, 43002, 43003, 47001, 47003, 41030, 40169, 40165, 40159, 40212,
			40097, 45002, 45008, 45157, 45158, 45159, 40032, 45058, 85401, 85402, 87009,
			40016, 40017, 40018, 40019, 40020, 40022, 40023, 40025, 40055, /* a menu beyond its limits */
			10060005, 10060006, 10060007, 10060008, 10060009, 10060014, 10060020, 10060024,
			268485195, 268485196, 268485197, 268485216, 268485224},
	} {
		for _, code := range codes {
			m[code] = c
		}
	}
	return m
}()

// TransportError means the call has no readable answer: no connection, a time-out, a
// status other than 200, a body that is not what was promised. WeChat may or may not have
// done what was asked.
type TransportError struct {
	Endpoint   string // path of the call, without host and query
	HTTPStatus int    // 0 when there was no answer
	Err        error  // cause, free of URLs
}

func (e *TransportError) Error() string {
	if e.HTTPStatus != 0 {
		return fmt.Sprintf("wechat %s: HTTP %d: %v", e.Endpoint, e.HTTPStatus, e.Err)
	}
	return fmt.Sprintf("wechat %s: %v", e.Endpoint, e.Err)
}

func (e *TransportError) Unwrap() error { return e.Err }

// ClassOf sorts any error of an adapter. A call without an answer is ClassRetry: the caller
// decides whether the same call may be made twice.
func ClassOf(err error) Class {
	var api *Error
	if errors.As(err, &api) {
		return api.Class()
	}
	var data *DataError
	if errors.As(err, &data) {
		return ClassBug
	}
	var pay *PayError
	if errors.As(err, &pay) {
		return pay.Class()
	}
	var transport *TransportError
	if errors.As(err, &transport) || errors.Is(err, context.DeadlineExceeded) {
		return ClassRetry
	}
	return ClassUnknown
}
