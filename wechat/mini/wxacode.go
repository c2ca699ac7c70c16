package mini

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const wxacodePath = "/wxa/getwxacodeunlimit"

// Bounds of a picture's width in pixels, as WeChat draws it.
const (
	minWidth = 280
	maxWidth = 1280
)

// miniScene is what WeChat takes as the scene of a mini-program's code; % is not in it.
var miniScene = regexp.MustCompile(`^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}$`)

// MiniCode has WeChat draw a code that opens the mini-program with a scene. Whoever scans it brings the scene in the query of the start page,
// percent-encoded. Any number of codes can be made, 5,000 a minute (ClassQuota beyond that).
func (c *Client) MiniCode(ctx context.Context, in wechat.MiniCode) (wechat.Image, error) {
	switch {
	case !miniScene.MatchString(in.Scene):
		return wechat.Image{}, &wechat.Error{Code: 40169, Message: "scene is malformed", Endpoint: wxacodePath}
	case strings.HasPrefix(in.Page, "/") || strings.ContainsAny(in.Page, "?# \n"):
		return wechat.Image{}, &wechat.Error{Code: 41030, Message: "page has a slash in front or a query", Endpoint: wxacodePath}
	case in.Width != 0 && (in.Width < minWidth || in.Width > maxWidth):
		return wechat.Image{}, fmt.Errorf("width of %d pixels, may be %d to %d", in.Width, minWidth, maxWidth)
	case !slices.Contains([]string{"", "release", "trial", "develop"}, in.Env):
		return wechat.Image{}, fmt.Errorf("version %q, may be release, trial or develop", in.Env)
	}
	return api.PostImage(ctx, c.api, wxacodePath, struct {
		Scene     string `json:"scene"`
		Page      string `json:"page,omitempty"`
		CheckPath bool   `json:"check_path"` // missing means true there
		Env       string `json:"env_version,omitempty"`
		Width     int    `json:"width,omitempty"`
	}{in.Scene, in.Page, !in.Unchecked, in.Env, in.Width})
}
