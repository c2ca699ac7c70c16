package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Locate finds a column, given by name or by number ("#2"), among the names of a file's first line; the result counts from 0.
func Locate(column string, names []string) (int, error) {
	if i := slices.Index(names, column); i >= 0 {
		if slices.Contains(names[i+1:], column) {
			return 0, fmt.Errorf("two columns are named %q: give the column by its number, as in #%d", column, i+1)
		}
		return i, nil
	}
	if n, ok := columnNumber(column); ok {
		if n < 1 || n > len(names) {
			return 0, fmt.Errorf("there is no column %s: the file has %d", column, len(names))
		}
		return n - 1, nil
	}
	return 0, fmt.Errorf("there is no column %q: the file has %s", column, quoted(names))
}

// Numbered reports whether a column is given by its number.
func Numbered(column string) bool {
	_, ok := columnNumber(column)
	return ok
}

func columnNumber(column string) (int, bool) {
	digits, ok := strings.CutPrefix(column, "#")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// quoted lists names for a message, not without end.
func quoted(names []string) string {
	const most = 20
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(clip(name, 40)))
	}
	return b.String()
}

// Mapping reads "number=COL,member=COL": which column is what. words are those that are allowed; the result holds those that
// were given.
func Mapping(s string, words ...string) (map[string]string, error) {
	given := map[string]string{}
	if strings.TrimSpace(s) == "" {
		return given, nil
	}
	for _, part := range strings.Split(s, ",") {
		what, column, ok := strings.Cut(part, "=")
		what, column = strings.TrimSpace(what), strings.TrimSpace(column)
		switch {
		case !ok || column == "":
			return nil, fmt.Errorf("%q is not of the form member=COLUMN", part)
		case !slices.Contains(words, what):
			return nil, fmt.Errorf("unknown column %q: want %s", what, strings.Join(words, ", "))
		case given[what] != "":
			return nil, fmt.Errorf("%s is mapped twice", what)
		}
		given[what] = column
	}
	return given, nil
}
