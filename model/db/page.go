package db

import (
	"encoding/base64"
	"strconv"
	"strings"

	"huitou/model/fault"
)

// ErrCursor means that a page cursor is not one that we gave out.
var ErrCursor = fault.New(fault.Invalid, "page.cursor", "翻页标识无效", "the page cursor is not valid")

// Page asks for one page by keyset: cheap at any depth, and stable while rows are added. Rows come newest first.
type Page struct {
	// Cursor is what the previous page returned; empty for the first page.
	Cursor string
	// Limit is 1 to 100; 0 means 20.
	Limit int
}

// Size returns the number of rows to fetch.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return 20
	case p.Limit > 100:
		return 100
	}
	return p.Limit
}

// Before returns the id below which the page begins; 0 means at the newest row.
func (p Page) Before() (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return 0, ErrCursor
	}
	digits, ok := strings.CutPrefix(string(b), "b")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || id <= 0 {
		return 0, ErrCursor
	}
	return id, nil
}

// NextCursor returns the cursor of the page after one whose last row has this id.
func NextCursor(lastID int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("b" + strconv.FormatInt(lastID, 10)))
}

// EscapeLike makes user text a literal inside a LIKE pattern; use it with ESCAPE '!'.
func EscapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}
