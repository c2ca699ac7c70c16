package sim

import (
	"fmt"
	"slices"
)

const (
	userPage  = 10_000 // openids in one page of user/get and user/tag/get
	userBatch = 100    // openids in one call of user/info/batchget
)

// userInfo is GET /cgi-bin/user/info.
func (s *Sim) userInfo(c *call) answer {
	u := s.byOpenID(kindOA, c.query.Get("openid"))
	if u == nil {
		return s.errcode(40003)
	}
	return ok(u.info())
}

// userInfoBatch is POST /cgi-bin/user/info/batchget.
func (s *Sim) userInfoBatch(c *call) answer {
	var in struct {
		UserList []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if len(in.UserList) == 0 || len(in.UserList) > userBatch {
		return s.errcode(40032)
	}
	list := make([]any, len(in.UserList))
	for i, asked := range in.UserList {
		u := s.byOpenID(kindOA, asked.OpenID)
		if u == nil {
			return s.errcode(40003)
		}
		list[i] = u.info()
	}
	return ok(struct {
		UserInfoList []any `json:"user_info_list"`
	}{list})
}

// info is what user/info tells of a customer. Of someone who does not follow it tells
// nothing but that.
func (u *customer) info() any {
	type unknown struct {
		Subscribe int    `json:"subscribe"`
		OpenID    string `json:"openid"`
	}
	if !u.followed {
		return unknown{0, u.openID[kindOA]}
	}
	how, sceneID, sceneText := "ADD_SCENE_SEARCH", 0, ""
	if u.scene != "" {
		how, sceneText = "ADD_SCENE_QR_CODE", u.scene
		if _, err := fmt.Sscanf(u.scene, "%d", &sceneID); err == nil && fmt.Sprint(sceneID) == u.scene {
			sceneText = ""
		} else {
			sceneID = 0
		}
	}
	return struct {
		unknown
		Nickname       string  `json:"nickname"` // empty since 2021
		Language       string  `json:"language"`
		SubscribeTime  int64   `json:"subscribe_time"`
		UnionID        string  `json:"unionid"`
		Remark         string  `json:"remark"`
		GroupID        int     `json:"groupid"`
		TagIDList      []int64 `json:"tagid_list"`
		SubscribeScene string  `json:"subscribe_scene"`
		QRScene        int     `json:"qr_scene"`
		QRSceneStr     string  `json:"qr_scene_str"`
	}{
		unknown: unknown{1, u.openID[kindOA]}, Language: "zh_CN", SubscribeTime: u.followedAt.Unix(),
		UnionID: u.UnionID, TagIDList: u.tagIDs(), SubscribeScene: how, QRScene: sceneID, QRSceneStr: sceneText,
	}
}

// followers is GET /cgi-bin/user/get: openids in pages of 10,000, after next_openid.
// The last page names its last openid as next too; the page after it is empty.
func (s *Sim) followers(c *call) answer {
	list := s.following(func(*customer) bool { return true })
	page, code := pageAfter(list, c.query.Get("next_openid"))
	if code != 0 {
		return s.errcode(code)
	}
	return ok(struct {
		Total int `json:"total"`
		openIDPage
	}{len(list), page})
}

// openIDPage is one page of openids; without any, the data is missing altogether.
type openIDPage struct {
	Count int         `json:"count"`
	Data  *openIDList `json:"data,omitempty"`
	Next  string      `json:"next_openid"`
}

type openIDList struct {
	OpenID []string `json:"openid"`
}

// following lists the openids of the followers that are wanted, in a fixed order.
func (s *Sim) following(wanted func(*customer) bool) []string {
	list := []string{}
	for _, u := range s.customers {
		if u.followed && wanted(u) {
			list = append(list, u.openID[kindOA])
		}
	}
	return list
}

func pageAfter(list []string, after string) (openIDPage, int) {
	if after != "" {
		i := slices.Index(list, after)
		if i < 0 {
			return openIDPage{}, 40003
		}
		list = list[i+1:]
	}
	list = list[:min(len(list), userPage)]
	if len(list) == 0 {
		return openIDPage{}, 0
	}
	return openIDPage{len(list), &openIDList{list}, list[len(list)-1]}, 0
}
