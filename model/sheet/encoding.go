package sheet

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Refusals of a whole file. Their sentences say what to do.
var (
	ErrEmpty    = errors.New("the file is empty")
	ErrGB18030  = errors.New("the file is written in GB18030/GBK, not UTF-8: save it again as \"CSV UTF-8 (comma delimited)\"")
	ErrUTF16    = errors.New("the file is written in UTF-16, not UTF-8: save it again as \"CSV UTF-8 (comma delimited)\"")
	ErrWorkbook = errors.New("the file is an Excel workbook or another archive: save it as \"CSV UTF-8 (comma delimited)\" first")
	ErrBinary   = errors.New("the file is not text")
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// checkEncoding judges the beginning of a file. Single bad bytes in a file that is UTF-8 otherwise are left to
// the rows that hold them.
func checkEncoding(start []byte) error {
	switch {
	case len(start) == 0:
		return ErrEmpty
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		return ErrUTF16
	case bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte{0x1f, 0x8b}) || bytes.HasPrefix(start, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return ErrWorkbook
	case bytes.Contains(start, []byte{0, 0, 0, 0}):
		return ErrBinary
	case looksGB18030(start):
		return ErrGB18030
	}
	return nil
}

// looksGB18030 reports whether text beyond ASCII is rather GB18030 than UTF-8. Many pairs of GB18030 bytes happen to be good
// UTF-8 and nearly all of UTF-8 is good GB18030, so both are asked: most of it must fail as UTF-8, and all of it decode as GB18030.
func looksGB18030(start []byte) bool {
	// The end of the sample may cut a character in two; the end of a line does not.
	if end := bytes.LastIndexByte(start, '\n'); end >= 0 {
		start = start[:end]
	}
	good, bad := 0, 0
	for b := start; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		b = b[size:]
	}
	if bad == 0 || bad <= good {
		return false
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(start)
	return err == nil && !bytes.ContainsRune(decoded, utf8.RuneError)
}
