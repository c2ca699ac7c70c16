package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"huitou/wechat"
)

var errNotImage = errors.New("answer is neither a picture nor a refusal")

// PostImage calls an endpoint that wants the access token and a JSON body, and answers with a picture, or with JSON when it refuses. What the
// answer is its first bytes tell: the Content-Type of a refusal has changed over the years.
func PostImage(ctx context.Context, c *Client, path string, body any) (wechat.Image, error) {
	raw, err := encode(body)
	if err != nil {
		return wechat.Image{}, fmt.Errorf("encode request to %s: %w", path, err)
	}
	return withTokenAs(ctx, c, path, nil, raw, image)
}

// beginnings are the first bytes of the kinds of pictures that WeChat draws.
var beginnings = map[string][]byte{
	"image/jpeg": {0xFF, 0xD8, 0xFF},
	"image/png":  []byte("\x89PNG\r\n\x1a\n"),
}

func image(path string, raw []byte, hide string) (wechat.Image, error) {
	for kind, begin := range beginnings {
		if bytes.HasPrefix(raw, begin) {
			return wechat.Image{Type: kind, Bytes: raw}, nil
		}
	}
	if err := refusal(path, raw, hide); err != nil {
		return wechat.Image{}, err
	}
	return wechat.Image{}, &wechat.TransportError{Endpoint: path, HTTPStatus: http.StatusOK, Err: errNotImage}
}
