package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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
	in         *bufio.Reader
	out        []byte
	body       []byte
	codes      map[string]string // refusals' codes, one copy each
}

func dial(addr, path string, deadline time.Time) (*client, error) {
	c := &client{addr: addr, path: path, deadline: deadline, codes: map[string]string{}, in: bufio.NewReaderSize(nil, 2048)}
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
	c.in.Reset(conn)
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
	if _, err := c.conn.Write(q); err != nil {
		return 0, err
	}
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("not an answer: %q", line)
	}
	length := -1
	for {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, fmt.Errorf("not an answer: %q", line)
			}
		}
	}
	if length < 0 || length > http.DefaultMaxHeaderBytes {
		return 0, errors.New("an answer without a Content-Length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return 0, err
	}
	return status, nil
}

// line reads a line without its end.
func (c *client) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
