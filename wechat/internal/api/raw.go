package api

import (
	"context"
	"net/url"
)

// PostRaw calls an endpoint that wants the access token, further query parameters, and a body byte for byte, because it is signed.
func PostRaw[T any](ctx context.Context, c *Client, path string, query url.Values, body []byte) (T, error) {
	return withToken[T](ctx, c, path, query, body)
}
