// Package fault is the one error type of Huitou: a kind, a stable code and a sentence for people.
//
// Services declare their faults as package variables with New; handlers map a fault's Kind to an
// HTTP status in one table. Everything that is not a fault is "internal" to the outside: its text
// is logged and never shown.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Kind says what sort of thing went wrong, without knowing about HTTP.
type Kind string

const (
	// Invalid means that the request itself is wrong and will stay wrong.
	Invalid Kind = "invalid"
	// Unauthenticated means that nobody is signed in, or that the session ended.
	Unauthenticated Kind = "unauthenticated"
	// Forbidden means that the actor is known and may not do this.
	Forbidden Kind = "forbidden"
	// NotFound means that the thing does not exist, or not for this actor.
	NotFound Kind = "not_found"
	// Conflict means that the state of things does not allow it now.
	Conflict Kind = "conflict"
	// Mismatch means that an idempotency key came again with another input.
	Mismatch Kind = "mismatch"
	// TooMany means that a limit on the rate was hit.
	TooMany Kind = "too_many"
	// TooLarge means that the request is bigger than it may be.
	TooLarge Kind = "too_large"
	// Unavailable means that a dependency does not answer now; trying again with the same key is safe.
	Unavailable Kind = "unavailable"
	// Internal means a fault of ours.
	Internal Kind = "internal"
)

// Fault is an error with a stable code. Its zero value is of no use; make one with New.
type Fault struct {
	Kind Kind
	// Code is stable and dotted, "points.insufficient"; clients branch on it.
	Code string
	// Chinese and English are the sentences for people.
	Chinese, English string
	// Detail holds figures that explain this one case, for instance {"missing_fen": 1200}.
	Detail map[string]any
	cause  error
}

var registry = struct {
	sync.Mutex
	byCode map[string]*Fault
}{byCode: map[string]*Fault{}}

// New declares a fault. It is called for package variables only and panics when a code is declared twice,
// because two meanings of one code would reach clients.
func New(kind Kind, code, chinese, english string) *Fault {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.byCode[code]; taken {
		panic("fault: code declared twice: " + code)
	}
	f := &Fault{Kind: kind, Code: code, Chinese: chinese, English: english}
	registry.byCode[code] = f
	return f
}

// All returns every declared fault, sorted by code. The list of codes is a promise to clients and
// therefore kept by a golden test.
func All() []*Fault {
	registry.Lock()
	defer registry.Unlock()
	codes := slices.Sorted(maps.Keys(registry.byCode))
	out := make([]*Fault, 0, len(codes))
	for _, c := range codes {
		out = append(out, registry.byCode[c])
	}
	return out
}

// Error returns the code and the English sentence, for logs.
func (f *Fault) Error() string {
	s := f.Code + ": " + f.English
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Is matches by code, so that a fault with details is still the declared one.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Unwrap returns the cause given to Because.
func (f *Fault) Unwrap() error { return f.cause }

// With returns a copy that carries one more detail.
func (f *Fault) With(key string, value any) *Fault {
	c := *f
	c.Detail = maps.Clone(f.Detail)
	if c.Detail == nil {
		c.Detail = map[string]any{}
	}
	c.Detail[key] = value
	return &c
}

// Because returns a copy with a cause for the log; people never see the cause.
func (f *Fault) Because(err error) *Fault {
	c := *f
	c.cause = err
	return &c
}

// Of returns the fault inside err, or nil when there is none.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// Field is the fault of one field of a request or a settings file.
type Field struct {
	Name   string // path, "lines[2].price"
	Reason string
}

func (f Field) Error() string { return fmt.Sprintf("%s: %s", f.Name, f.Reason) }

// ErrInvalid is the general fault of input that a service refuses; the detail "fields" lists them all.
var ErrInvalid = New(Invalid, "input.invalid", "提交的内容有误", "the input is not valid")

// InvalidFields returns ErrInvalid with every faulty field, or nil when there is none.
func InvalidFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	list := make([]map[string]string, 0, len(fields))
	for _, f := range fields {
		list = append(list, map[string]string{"field": f.Name, "reason": f.Reason})
	}
	return ErrInvalid.With("fields", list)
}
