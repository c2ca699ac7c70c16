package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"huitou/model"
)

// client is one connection that stays open, with one request at a time on it.
type client struct {
	addr, path string
	deadline   time.Time // of everything; no single request has one of its own
	conn       net.Conn
	in, out    []byte            // buffers
	body       []byte            // of the last answer, within in
	codes      map[string]string // refusals' codes, one copy each
}

func dial(addr, path string, deadline time.Time) (*client, error) {
	c := &client{addr: addr, path: path, deadline: deadline, codes: map[string]string{}}
	return c, c.redial()
}

func (c *client) redial() error {
	conn, err := net.DialTimeout("tcp", c.addr, 5*time.Second)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(c.deadline); err != nil {
		return errors.Join(err, conn.Close())
	}
	c.conn = conn
	return nil
}

func (c *client) close() { c.conn.Close() }

// claim asks for a coupon in a shopper's name. A broken connection is told as status 0, and made anew.
func (c *client) claim(shopper int, token string) (answer, error) {
	a := answer{shopper: shopper}
	status, err := c.post(token, key(shopper))
	if err != nil {
		a.code = err.Error()
		c.close()
		return a, c.redial()
	}
	a.status = status
	if a.acknowledged() {
		a.coupon = model.PublicID(field(c.body, "id"))
		return a, nil
	}
	code := field(c.body, "code")
	known, ok := c.codes[string(code)]
	if !ok {
		known = string(code)
		c.codes[known] = known
	}
	a.code = known
	return a, nil
}

// post sends the request and reads the answer into c.body.
func (c *client) post(token, key string) (status int, err error) {
	q := append(c.out[:0], "POST "...)
	q = append(q, c.path...)
	q = append(q, " HTTP/1.1\r\nHost: "...)
	q = append(q, c.addr...)
	q = append(q, "\r\nAuthorization: Bearer "...)
	q = append(q, token...)
	q = append(q, "\r\nIdempotency-Key: "...)
	q = append(q, key...)
	q = append(q, "\r\nContent-Length: 0\r\n\r\n"...)
	c.out = q
	return c.send(q)
}

// send sends a whole request and reads the answer into c.body.
func (c *client) send(request []byte) (status int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	return c.read()
}

// maxAnswer bounds an answer; a coupon or a problem document is far below it.
const maxAnswer = 64 << 10

var (
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ") // as net/http writes it
)

// read reads one answer, mostly with one call of the system, and leaves its body in c.body.
func (c *client) read() (status int, err error) {
	n, end, size := 0, -1, 0
	for end < 0 || n < size {
		if n == len(c.in) {
			if n >= maxAnswer {
				return 0, errors.New("an answer beyond all bounds")
			}
			c.in = append(c.in, make([]byte, max(n, 2048))...)
		}
		more, err := c.conn.Read(c.in[n:])
		if n += more; err != nil {
			return 0, err
		}
		if end >= 0 {
			continue
		}
		if end = bytes.Index(c.in[:n], headEnd); end < 0 {
			continue
		}
		if status, size, err = head(c.in[:end+2]); err != nil {
			return 0, err
		}
		size += end + len(headEnd)
	}
	if n > size {
		return 0, fmt.Errorf("%d bytes follow the answer", n-size)
	}
	c.body = c.in[end+len(headEnd) : n]
	return status, nil
}

// head returns the status of an answer and how long its body is.
func head(text []byte) (status, size int, err error) {
	if len(text) < 12 || !bytes.HasPrefix(text, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("not an answer: %q", text)
	}
	if status, err = strconv.Atoi(string(text[9:12])); err != nil {
		return 0, 0, fmt.Errorf("not an answer: %q", text)
	}
	_, rest, ok := bytes.Cut(text, length)
	if !ok && status == http.StatusNoContent {
		return status, 0, nil
	}
	if !ok {
		return 0, 0, errors.New("an answer without a Content-Length")
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	if size, err = strconv.Atoi(string(value)); err != nil || size < 0 || size > maxAnswer {
		return 0, 0, fmt.Errorf("an answer of length %q", value)
	}
	return status, size, nil
}
