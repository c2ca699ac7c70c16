package whole

import (
	"fmt"
	"maps"
	"testing"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"GET /admin/v1/replies":               managers,
		"POST /admin/v1/replies":              managers,
		"GET /admin/v1/replies/{id}":          managers,
		"PUT /admin/v1/replies/{id}":          managers,
		"POST /admin/v1/replies/{id}/end":     managers,
		"GET /admin/v1/replies/{id}/versions": managers,
		"POST /admin/v1/replies/try":          managers,
		"GET /admin/v1/replies/hits":          managers,
		"GET /admin/v1/menu":                  managers,
		"POST /admin/v1/menu/push":            managers,
	})
}

// andReplies adds the samples of what people see at once.
func (f *furnished) andReplies(all map[string]sample) map[string]sample {
	of := func(after string) func(t *testing.T, c *call) {
		return func(t *testing.T, c *call) { c.path = "/admin/v1/replies/" + f.newReply(t) + after }
	}
	nothing := map[string]string{"id": absent}
	change := f.reply()
	delete(change, "occasion")
	change["version"] = 1
	maps.Copy(all, map[string]sample{
		"list-replies":        {},
		"create-reply":        {body: fixed(f.reply()), other: with("name", "另一条")},
		"read-reply":          {path: nothing, fresh: of("")},
		"change-reply":        {path: nothing, body: fixed(change), fresh: of("")},
		"end-reply":           {path: nothing, fresh: of("/end")},
		"list-reply-versions": {path: nothing, query: "limit=5", fresh: of("/versions?limit=5")},
		"try-reply":           {body: fixed(map[string]any{"follow": true, "scan": false, "scene": "p_1", "text": "", "key": "", "at": "2026-11-21T04:00:00Z"})},
		"list-reply-hits":     {query: "from=2026-11-01&to=2026-11-30"},
		"read-menu":           {},
		"push-menu":           {},
	})
	return all
}

// reply is a reply with everything that a keyword's can say.
func (f *furnished) reply() map[string]any {
	return map[string]any{"name": "发货时间", "occasion": "keyword", "active": true, "terms": map[string]any{
		"keywords": []any{"发货", "什么时候发"}, "match": "contains", "priority": 5, "from_minute": 540, "to_minute": 1260,
		"answer": map[string]any{"kind": "text", "text": "{shop}每天16点前付款的当天发货。"},
	}}
}

// newReply makes a reply and returns its id.
func (f *furnished) newReply(t *testing.T) string {
	t.Helper()
	var made id
	body := f.reply()
	f.n++
	body["name"] = fmt.Sprint("发货时间", f.n)
	f.must(t, call{method: "POST", path: "/admin/v1/replies", token: f.owner, key: newKey(), body: body}, &made)
	return made.ID
}
