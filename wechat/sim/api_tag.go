package sim

import (
	"slices"
	"strings"
)

// tag is a label of the official account on its followers.
type tag struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Count int    `json:"count"` // followers that bear it
}

const (
	tagsMost      = 100     // made by the account
	tagNameMost   = 30      // bytes
	tagsOfOne     = 20      // on one follower
	tagBatch      = 50      // openids in one call
	tagDeleteMost = 100_000 // followers of a tag that can still be deleted
	firstTagID    = 100     // below are the platform's own
	starTagID     = 2       // 星标组, which every account has
)

func platformTags() []*tag { return []*tag{{ID: starTagID, Name: "星标组"}} }

func (u *customer) tagIDs() []int64 { return slices.Clone(append([]int64{}, u.tags...)) }

func (s *Sim) tagByID(id int64) *tag {
	if i := slices.IndexFunc(s.tags, func(t *tag) bool { return t.ID == id }); i >= 0 {
		return s.tags[i]
	}
	return nil
}

// checkTagName returns 45158 for a name that is too long and 45157 for one that is
// empty or taken by another tag.
func (s *Sim) checkTagName(name string, own int64) int {
	taken := func(t *tag) bool { return t.Name == name && t.ID != own }
	switch {
	case len(name) > tagNameMost:
		return 45158
	case strings.TrimSpace(name) == "" || slices.ContainsFunc(s.tags, taken):
		return 45157
	}
	return 0
}

// tagCommand is the body of tags/create, update and delete.
type tagCommand struct {
	Tag struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"tag"`
}

// createTag is POST /cgi-bin/tags/create. Its answer has no errcode.
func (s *Sim) createTag(c *call) answer {
	var in tagCommand
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if code := s.checkTagName(in.Tag.Name, 0); code != 0 {
		return s.errcode(code)
	}
	if len(s.tags) >= tagsMost+len(platformTags()) {
		return s.errcode(45056)
	}
	s.lastTag = max(s.lastTag+1, firstTagID)
	s.tags = append(s.tags, &tag{ID: s.lastTag, Name: in.Tag.Name})
	type made struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	return ok(map[string]made{"tag": {s.lastTag, in.Tag.Name}})
}

// listTags is GET /cgi-bin/tags/get.
func (s *Sim) listTags(*call) answer {
	list := make([]tag, len(s.tags))
	for i, t := range s.tags {
		list[i] = *t
	}
	return ok(map[string][]tag{"tags": list})
}

// ownTag finds a tag that the account made itself.
func (s *Sim) ownTag(id int64) (*tag, int) {
	t := s.tagByID(id)
	switch {
	case id >= 0 && id < firstTagID:
		return nil, 45058
	case t == nil:
		return nil, 45159
	}
	return t, 0
}

// updateTag is POST /cgi-bin/tags/update.
func (s *Sim) updateTag(c *call) answer {
	var in tagCommand
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	t, code := s.ownTag(in.Tag.ID)
	if code == 0 {
		code = s.checkTagName(in.Tag.Name, in.Tag.ID)
	}
	if code != 0 {
		return s.errcode(code)
	}
	t.Name = in.Tag.Name
	return ok(okBody)
}

// deleteTag is POST /cgi-bin/tags/delete.
func (s *Sim) deleteTag(c *call) answer {
	var in tagCommand
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	t, code := s.ownTag(in.Tag.ID)
	switch {
	case code != 0:
		return s.errcode(code)
	case t.Count > tagDeleteMost:
		return s.errcode(45057)
	}
	for _, u := range s.customers {
		s.untag(u, t)
	}
	s.tags = slices.DeleteFunc(s.tags, func(old *tag) bool { return old == t })
	return ok(okBody)
}

func (s *Sim) untag(u *customer, t *tag) {
	if i := slices.Index(u.tags, t.ID); i >= 0 {
		u.tags = slices.Delete(u.tags, i, i+1)
		t.Count--
	}
}

// dropTags takes all tags from someone who stops following.
func (s *Sim) dropTags(u *customer) {
	for _, id := range u.tagIDs() {
		s.untag(u, s.tagByID(id))
	}
}

// tagMembers is POST /cgi-bin/tags/members/batchtagging: all of them or none.
func (s *Sim) tagMembers(c *call) answer {
	t, people, code := s.taggingOf(c)
	if code != 0 {
		return s.errcode(code)
	}
	for _, u := range people {
		if !slices.Contains(u.tags, t.ID) && len(u.tags) >= tagsOfOne {
			return s.errcode(45059)
		}
	}
	for _, u := range people {
		if !slices.Contains(u.tags, t.ID) {
			u.tags = append(u.tags, t.ID)
			t.Count++
		}
	}
	return ok(okBody)
}

// untagMembers is POST /cgi-bin/tags/members/batchuntagging.
func (s *Sim) untagMembers(c *call) answer {
	t, people, code := s.taggingOf(c)
	if code != 0 {
		return s.errcode(code)
	}
	for _, u := range people {
		s.untag(u, t)
	}
	return ok(okBody)
}

func (s *Sim) taggingOf(c *call) (*tag, []*customer, int) {
	var in struct {
		OpenIDs []string `json:"openid_list"`
		TagID   int64    `json:"tagid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return nil, nil, 47001
	}
	t := s.tagByID(in.TagID)
	switch {
	case t == nil:
		return nil, nil, 45159
	case len(in.OpenIDs) == 0 || len(in.OpenIDs) > tagBatch:
		return nil, nil, 40032
	}
	people := make([]*customer, len(in.OpenIDs))
	for i, id := range in.OpenIDs {
		u := s.byOpenID(kindOA, id)
		switch {
		case u == nil && s.people[id] != nil:
			return nil, nil, 49003 // of another app
		case u == nil || !u.followed:
			return nil, nil, 40003
		}
		people[i] = u
	}
	return t, people, 0
}

// tagsOf is POST /cgi-bin/tags/getidlist.
func (s *Sim) tagsOf(c *call) answer {
	var in struct {
		OpenID string `json:"openid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	u := s.byOpenID(kindOA, in.OpenID)
	if u == nil {
		return s.errcode(40003)
	}
	return ok(map[string][]int64{"tagid_list": u.tagIDs()})
}

// tagged is /cgi-bin/user/tag/get, which is a GET with a body in the documents and a
// POST in most programs: the platform takes both.
func (s *Sim) tagged(c *call) answer {
	var in struct {
		TagID int64  `json:"tagid"`
		Next  string `json:"next_openid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if s.tagByID(in.TagID) == nil {
		return s.errcode(45159)
	}
	list := s.following(func(u *customer) bool { return slices.Contains(u.tags, in.TagID) })
	page, code := pageAfter(list, in.Next)
	if code != 0 {
		return s.errcode(code)
	}
	return ok(page)
}
