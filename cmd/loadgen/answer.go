package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"huitou/model"
)

// answer is what one shopper was told.
type answer struct {
	shopper int            // index of the shopper who asked
	status  int            // HTTP status; 0 when the connection broke and nobody knows the outcome
	coupon  model.PublicID // of a claim that was acknowledged
	code    string         // of a refusal; the error's text when the connection broke
	took    time.Duration  // from the shopper's arrival to the last byte of the answer
	at      time.Duration  // when the answer came, since the load began
}

// acknowledged reports whether the shopper was promised a coupon.
func (a answer) acknowledged() bool {
	return a.status == http.StatusCreated || a.status == http.StatusOK
}

// refused reports whether the shopper was told that he gets none.
func (a answer) refused() bool {
	return a.status >= http.StatusBadRequest && a.status < http.StatusInternalServerError
}

// key is the idempotency key of a shopper's claim.
func key(shopper int) string { return fmt.Sprintf("load-%08d", shopper) }

// journal is the append-only record of answers in a file: one line each, key, status and coupon or code.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("record acknowledgements: %w", err)
	}
	return &journal{file: f}, nil
}

// write appends whole lines.
func (j *journal) write(lines []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(lines); err != nil {
		return fmt.Errorf("record acknowledgements: %w", err)
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }

// note appends an answer's line to a worker's own buffer.
func note(lines []byte, a answer) []byte {
	lines = fmt.Appendf(lines, "load-%08d %d ", a.shopper, a.status)
	if a.acknowledged() {
		lines = append(lines, a.coupon...)
	} else {
		lines = append(lines, a.code...)
	}
	return append(lines, '\n')
}

// field returns the value of a text field in a flat JSON document that was written without blanks, as the server's are.
func field(body []byte, name string) []byte {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`":"`))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return value
}
