package oa

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const userPath = "/cgi-bin/user/info"

// UserInfo asks what the account may know about a person: whether he follows, since when,
// and his unionid. Someone who never followed this account, or an openid of another app, is
// a *wechat.Error of ClassRecipient.
func (c *Client) UserInfo(ctx context.Context, openID string) (wechat.Follower, error) {
	if openID == "" {
		return wechat.Follower{}, &wechat.Error{Code: 40003, Message: "no openid", Endpoint: userPath}
	}
	// The SDK's struct keeps the time of following in 32 bits, so the answer is ours.
	out, err := api.Get[userInfo](ctx, c.api, userPath, url.Values{"openid": {openID}, "lang": {"zh_CN"}})
	if err != nil {
		return wechat.Follower{}, err
	}
	if out.OpenID == "" {
		return wechat.Follower{}, api.Malformed(userPath, "openid")
	}
	return out.follower(), nil
}

// userInfo is what WeChat tells of a person.
type userInfo struct {
	Subscribe      int    `json:"subscribe"`
	OpenID         string `json:"openid"`
	UnionID        string `json:"unionid"`
	SubscribeTime  int64  `json:"subscribe_time"`
	SubscribeScene string `json:"subscribe_scene"`
	QRScene        int64  `json:"qr_scene"`
	QRSceneStr     string `json:"qr_scene_str"`
	Remark         string `json:"remark"`
	Language       string `json:"language"`
}

func (u userInfo) follower() wechat.Follower {
	f := wechat.Follower{
		OpenID:       u.OpenID,
		UnionID:      u.UnionID,
		Following:    u.Subscribe == 1,
		FollowedFrom: u.SubscribeScene,
		Scene:        u.QRSceneStr,
		Remark:       u.Remark,
		Language:     u.Language,
	}
	if f.Scene == "" && u.QRScene != 0 {
		f.Scene = strconv.FormatInt(u.QRScene, 10)
	}
	if u.SubscribeTime > 0 {
		f.FollowedAt = time.Unix(u.SubscribeTime, 0).UTC()
	}
	return f
}
