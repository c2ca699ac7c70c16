package push

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"huitou/wechat"
)

// node is an element of a message, whichever format it came in. Scalars of every type are
// kept as text.
type node struct {
	value string
	kids  map[string][]*node
}

// text returns the first child of that name as text, "" when there is none.
func (n *node) text(name string) string {
	if kid := n.kid(name); kid != nil {
		return kid.value
	}
	return ""
}

// kid returns the first child of that name, or nil. A nil node has no children.
func (n *node) kid(name string) *node {
	if kids := n.all(name); len(kids) > 0 {
		return kids[0]
	}
	return nil
}

func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	return n.kids[name]
}

func (n *node) add(name string, kid *node) {
	if n.kids == nil {
		n.kids = map[string][]*node{}
	}
	n.kids[name] = append(n.kids[name], kid)
}

// parse reads a body in the format that its first character announces. Every error is
// wechat.ErrMalformed.
func parse(body []byte) (*node, wechat.Format, error) {
	if !utf8.Valid(body) {
		return nil, "", fmt.Errorf("not UTF-8: %w", wechat.ErrMalformed)
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	var (
		root   *node
		format wechat.Format
		err    error
	)
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		format = wechat.FormatXML
		root, err = parseXML(trimmed)
	case bytes.HasPrefix(trimmed, []byte("{")):
		format = wechat.FormatJSON
		root, err = parseJSON(trimmed)
	default:
		err = errors.New("neither XML nor JSON")
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", wechat.ErrMalformed, err)
	}
	return root, format, nil
}

var (
	errDepth    = fmt.Errorf("more than %d levels", MaxDepth)
	errNodes    = fmt.Errorf("more than %d elements", MaxNodes)
	errDoctype  = errors.New("DOCTYPE is refused")
	errTrailing = errors.New("data after the end")
)

// parseXML reads one element and what is in it. Attributes are ignored; entities other than
// the five of XML are errors, because the decoder knows no others.
func parseXML(body []byte) (*node, error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	type open struct {
		*node
		text []byte
	}
	var (
		root  *node
		stack []open
		nodes int
	)
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return nil, errDoctype
		case xml.StartElement:
			if len(stack) == 0 && root != nil {
				return nil, errTrailing
			}
			if len(stack) >= MaxDepth {
				return nil, errDepth
			}
			if nodes++; nodes > MaxNodes {
				return nil, errNodes
			}
			n := &node{}
			if len(stack) == 0 {
				root = n
			} else {
				stack[len(stack)-1].add(tok.Name.Local, n)
			}
			stack = append(stack, open{node: n})
		case xml.EndElement:
			top := stack[len(stack)-1] // the decoder has matched the tags
			top.value = string(top.text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) == 0 {
				if len(bytes.TrimSpace(tok)) > 0 {
					return nil, errTrailing
				}
				continue
			}
			top := &stack[len(stack)-1]
			top.text = append(top.text, tok...)
		}
	}
	if root == nil || len(stack) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return root, nil
}

// parseJSON reads one object. The elements of a list become children of the same name, as
// repeated elements do in XML.
func parseJSON(body []byte) (*node, error) {
	dec := jsonReader{Decoder: json.NewDecoder(bytes.NewReader(body))}
	dec.UseNumber()
	root := &node{}
	if err := dec.read(root, "", 0); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return root.kids[""][0], nil
}

// jsonReader counts what it reads.
type jsonReader struct {
	*json.Decoder
	nodes int
}

// read reads one value and adds it to parent under name.
func (dec *jsonReader) read(parent *node, name string, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	if dec.nodes++; dec.nodes > MaxNodes {
		return errNodes
	}
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	n := &node{}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			for dec.More() {
				if err := dec.read(parent, name, depth+1); err != nil {
					return err
				}
			}
			_, err := dec.Token()
			return err
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			// WeChat's own examples have names with a space before them.
			if err := dec.read(n, strings.TrimSpace(key.(string)), depth+1); err != nil {
				return err
			}
		}
		if _, err := dec.Token(); err != nil {
			return err
		}
	case string:
		n.value = tok
	case json.Number:
		n.value = tok.String()
	case bool:
		n.value = fmt.Sprint(tok)
	case nil:
		return nil
	}
	parent.add(name, n)
	return nil
}

// squeeze removes the spaces that WeChat writes in some spellings of a status only.
func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }
