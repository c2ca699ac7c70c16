package sms

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"huitou/model/random"
)

// File appends texts to a file, one JSON object a line, instead of sending them: for the demo and for development, where people look
// their codes up. It is safe for concurrent use.
type File struct {
	path string
	now  func() time.Time
	mu   sync.Mutex
}

// NewFile returns a sink. The file is made at the first text, readable for its owner only.
func NewFile(path string, now func() time.Time) *File { return &File{path: path, now: now} }

// Send writes one text.
func (f *File) Send(_ context.Context, m Message) (id string, err error) {
	id = random.ID()
	line, err := json.Marshal(struct {
		At    time.Time `json:"at"`
		ID    string    `json:"id"`
		Phone string    `json:"phone"`
		Text  string    `json:"text"`
	}{f.now().UTC(), id, m.Phone, m.Text})
	if err != nil {
		return "", fmt.Errorf("encode a text: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the file of texts: %w", err)
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		_ = out.Close()
		return "", fmt.Errorf("write a text: %w", err)
	}
	if err := out.Close(); err != nil {
		return "", fmt.Errorf("write a text: %w", err)
	}
	return id, nil
}
