package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine bounds a line, and a record of several lines, in bytes.
const maxLine = 64 << 10

// line is one physical line without its end.
type line struct {
	no   int // from 1
	text string
	long bool // text is only the beginning of a line of more than maxLine bytes
}

// lineReader reads lines of bounded length and takes back lines that were read too far.
type lineReader struct {
	r    *bufio.Reader
	read int64 // bytes taken from the file
	no   int
	back []line // to be given again, next one last
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, maxLine+2)}
}

// next returns the next line, or io.EOF after the last.
func (l *lineReader) next() (line, error) {
	if n := len(l.back); n > 0 {
		out := l.back[n-1]
		l.back = l.back[:n-1]
		return out, nil
	}
	text, err := l.r.ReadSlice('\n')
	l.read += int64(len(text))
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		l.no++
		out := line{no: l.no, text: clip(string(text[:1000]), 200), long: true}
		return out, l.skipRest()
	case err == io.EOF && len(text) == 0:
		return line{}, io.EOF
	case err != nil && err != io.EOF:
		return line{}, err
	}
	l.no++
	text = bytes.TrimSuffix(text, []byte{'\n'})
	text = bytes.TrimSuffix(text, []byte{'\r'})
	return line{no: l.no, text: string(text)}, nil
}

// skipRest passes over what is left of a line that is too long.
func (l *lineReader) skipRest() error {
	for {
		text, err := l.r.ReadSlice('\n')
		l.read += int64(len(text))
		switch {
		case err == nil || err == io.EOF:
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// unread gives lines back in their order.
func (l *lineReader) unread(list []line) {
	for i := len(list) - 1; i >= 0; i-- {
		l.back = append(l.back, list[i])
	}
}
