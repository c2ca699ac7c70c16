package oa

import (
	"context"
	"net/url"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	fansPath      = "/cgi-bin/user/get"
	fansBatchPath = "/cgi-bin/user/info/batchget"
)

// Fans returns a page of the openids of those who follow, at most 10,000, beginning after one ("" is the beginning), and how many follow in
// all. The list has ended when a page is empty. The SDK's own walk through all pages never ends when the platform repeats one.
func (c *Client) Fans(ctx context.Context, after string) (openIDs []string, total int64, err error) {
	query := url.Values{}
	if after != "" {
		query.Set("next_openid", after)
	}
	out, err := api.Get[struct {
		Total int64 `json:"total"`
		Count int64 `json:"count"`
		Data  struct {
			OpenID []string `json:"openid"`
		} `json:"data"`
	}](ctx, c.api, fansPath, query)
	if err != nil {
		return nil, 0, err
	}
	if out.Count != int64(len(out.Data.OpenID)) || out.Total < out.Count {
		return nil, 0, api.Malformed(fansPath, "count")
	}
	return out.Data.OpenID, out.Total, nil
}

// FanInfos asks what the account may know about at most wechat.MaxFanInfos people, in their order. One openid that is not the account's
// fails all, as a *wechat.Error of ClassRecipient.
func (c *Client) FanInfos(ctx context.Context, openIDs []string) ([]wechat.Follower, error) {
	if len(openIDs) == 0 || len(openIDs) > wechat.MaxFanInfos {
		return nil, &wechat.Error{Code: 40032, Message: "1 to 100 openids", Endpoint: fansBatchPath}
	}
	type asked struct {
		OpenID string `json:"openid"`
		Lang   string `json:"lang"`
	}
	list := make([]asked, len(openIDs))
	for i, id := range openIDs {
		list[i] = asked{id, "zh_CN"}
	}
	out, err := api.Post[struct {
		List []userInfo `json:"user_info_list"`
	}](ctx, c.api, fansBatchPath, map[string]any{"user_list": list})
	if err != nil {
		return nil, err
	}
	if len(out.List) != len(openIDs) {
		return nil, api.Malformed(fansBatchPath, "user_info_list")
	}
	infos := make([]wechat.Follower, len(out.List))
	for i, u := range out.List {
		if u.OpenID != openIDs[i] {
			return nil, api.Malformed(fansBatchPath, "openid")
		}
		infos[i] = u.follower()
	}
	return infos, nil
}
