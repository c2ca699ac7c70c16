package oa

import (
	"context"
	"fmt"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	tagsPath      = "/cgi-bin/tags/get"
	tagCreatePath = "/cgi-bin/tags/create"
	tagUpdatePath = "/cgi-bin/tags/update"
	tagDeletePath = "/cgi-bin/tags/delete"
	taggedPath    = "/cgi-bin/user/tag/get"
	taggingPath   = "/cgi-bin/tags/members/batchtagging"
	untaggingPath = "/cgi-bin/tags/members/batchuntagging"
)

// The SDK's calls for tags take a refusal for an empty list (design notes, defects of the SDK); these go through the one
// client that looks at the error code first.

type tagBody struct {
	ID   int64  `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Tags returns the account's tags, also the platform's own.
func (c *Client) Tags(ctx context.Context) ([]wechat.FanTag, error) {
	out, err := api.Get[struct {
		Tags []tagBody `json:"tags"`
	}](ctx, c.api, tagsPath, nil)
	if err == nil && out.Tags == nil {
		err = api.Malformed(tagsPath, "tags")
	}
	if err != nil {
		return nil, err
	}
	list := make([]wechat.FanTag, len(out.Tags))
	for i, t := range out.Tags {
		list[i] = wechat.FanTag(t)
	}
	return list, nil
}

// CreateTag makes a tag. A taken name is wechat.CodeTagName, one tag too many wechat.CodeTooMany.
func (c *Client) CreateTag(ctx context.Context, name string) (wechat.FanTag, error) {
	out, err := api.Post[struct {
		Tag tagBody `json:"tag"`
	}](ctx, c.api, tagCreatePath, map[string]tagBody{"tag": {Name: name}})
	if err == nil && out.Tag.ID == 0 {
		err = api.Malformed(tagCreatePath, "id")
	}
	if err != nil {
		return wechat.FanTag{}, err
	}
	return wechat.FanTag{ID: out.Tag.ID, Name: name}, nil
}

// RenameTag gives a tag another name.
func (c *Client) RenameTag(ctx context.Context, id int64, name string) error {
	_, err := api.Post[struct{}](ctx, c.api, tagUpdatePath, map[string]tagBody{"tag": {ID: id, Name: name}})
	return err
}

// DeleteTag takes a tag from everybody and away. One with more than 100,000 followers is wechat.CodeTagTooBig.
func (c *Client) DeleteTag(ctx context.Context, id int64) error {
	_, err := api.Post[struct{}](ctx, c.api, tagDeletePath, map[string]tagBody{"tag": {ID: id}})
	return err
}

// TaggedFans returns the followers who have a tag, at most 10,000 a call, and where the next call goes on; next is empty at
// the end.
func (c *Client) TaggedFans(ctx context.Context, id int64, after string) (openIDs []string, next string, err error) {
	out, err := api.Post[struct {
		Count int `json:"count"`
		Data  struct {
			OpenIDs []string `json:"openid"`
		} `json:"data"`
		Next string `json:"next_openid"`
	}](ctx, c.api, taggedPath, map[string]any{"tagid": id, "next_openid": after})
	switch {
	case err != nil:
		return nil, "", err
	case out.Count != len(out.Data.OpenIDs):
		return nil, "", api.Malformed(taggedPath, "all openids")
	case out.Count == 0 || out.Next == after: // the last page names its own last follower, the one after it nobody
		return out.Data.OpenIDs, "", nil
	}
	return out.Data.OpenIDs, out.Next, nil
}

// TagFans puts a tag on followers, at most wechat.MaxTagBatch; on all of them or on none.
func (c *Client) TagFans(ctx context.Context, id int64, openIDs []string) error {
	return c.tagging(ctx, taggingPath, id, openIDs)
}

// UntagFans takes a tag from followers, at most wechat.MaxTagBatch.
func (c *Client) UntagFans(ctx context.Context, id int64, openIDs []string) error {
	return c.tagging(ctx, untaggingPath, id, openIDs)
}

func (c *Client) tagging(ctx context.Context, path string, id int64, openIDs []string) error {
	if n := len(openIDs); n == 0 || n > wechat.MaxTagBatch {
		return fmt.Errorf("a call with %d followers, may have 1 to %d", n, wechat.MaxTagBatch)
	}
	_, err := api.Post[struct{}](ctx, c.api, path, map[string]any{"openid_list": openIDs, "tagid": id})
	return err
}

// TagsOf returns the tags of one person, and whether he follows: who does not has none.
func (c *Client) TagsOf(ctx context.Context, openID string) (tags []int64, following bool, err error) {
	out, err := api.Get[struct {
		Subscribe int     `json:"subscribe"`
		OpenID    string  `json:"openid"`
		Tags      []int64 `json:"tagid_list"`
	}](ctx, c.api, userPath, map[string][]string{"openid": {openID}})
	if err == nil && out.OpenID == "" {
		err = api.Malformed(userPath, "openid")
	}
	return out.Tags, out.Subscribe == 1, err
}
