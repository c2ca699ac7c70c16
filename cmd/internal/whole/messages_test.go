package whole

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"huitou/model"
	"huitou/service/messages"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"GET /admin/v1/messages/{id}":                            clerks,
		"POST /admin/v1/messages/{id}/retry":                     managers,
		"POST /admin/v1/message-retries":                         managers,
		"GET /admin/v1/message-templates":                        clerks,
		"GET /admin/v1/message-templates/{name}/reach":           clerks,
		"GET /admin/v1/members/{id}/consents":                    clerks,
		"GET /admin/v1/members/{id}/do-not-contact":              clerks,
		"POST /admin/v1/members/{id}/do-not-contact":             clerks,
		"POST /admin/v1/members/{id}/do-not-contact/{stop}/lift": managers,
	})
}

// andMessages adds the samples of messages, consents and do-not-contact.
func (f *furnished) andMessages(all map[string]sample) map[string]sample {
	member := map[string]string{"id": fmt.Sprint(f.memberID)}
	maps.Copy(all, map[string]sample{
		"message": {path: map[string]string{"id": "999999"}, fresh: func(t *testing.T, c *call) { c.path = fmt.Sprintf("/admin/v1/messages/%d", f.message(t)) }},
		"retry-message": {path: map[string]string{"id": "999999"}, body: fixed(map[string]any{"note": "已修复"}),
			fresh: func(t *testing.T, c *call) { c.path = fmt.Sprintf("/admin/v1/messages/%d/retry", f.failedMessage(t)) }},
		"retry-messages":    {body: fixed(f.retries()), other: with("note", "另一个原因"), fresh: func(t *testing.T, _ *call) { f.failedMessage(t) }},
		"message-templates": {},
		"message-reach":     {path: map[string]string{"name": "visit1"}, query: "channel=mini_subscribe&after=0&limit=5"},
		"member-consents":   {path: member},
		"do-not-contact":    {path: member},
		"stop-contact":      {path: member, body: fixed(map[string]any{"scope": "marketing", "channel": "sms", "reason": "complaint", "note": "来电"})},
		"lift-contact": {path: map[string]string{"id": fmt.Sprint(f.memberID), "stop": "999999"}, body: fixed(map[string]any{"note": "已和解"}),
			fresh: func(t *testing.T, c *call) {
				row, err := f.app.Messages.Stop(t.Context(), messages.Stop{Staff: 1, Member: model.MemberID(f.memberID), Scope: model.StopCare, Reason: "complaint"})
				if err != nil {
					t.Fatal(err)
				}
				c.path = fmt.Sprintf("/admin/v1/members/%d/do-not-contact/%d/lift", f.memberID, row.ID)
			}},
	})
	return all
}

// message is one that was queued to the first shopper.
func (f *furnished) message(t *testing.T) model.MessageID {
	t.Helper()
	f.n++
	_, err := f.app.Messages.Enqueue(t.Context(), messages.Message{
		Key: fmt.Sprintf("sample:%d", f.n), Member: model.MemberID(f.memberID), Template: "not-set-up", Data: map[string]string{"goods": "龙井"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.newest(t)
}

// newest is the newest message to the first shopper.
func (f *furnished) newest(t *testing.T) model.MessageID {
	t.Helper()
	var listed struct {
		Messages []struct{ ID model.MessageID }
	}
	f.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/messages?member_id=%d&limit=1", f.memberID), token: f.owner}, &listed)
	return listed.Messages[0].ID
}

// failedMessage is one to the first shopper that was refused.
func (f *furnished) failedMessage(t *testing.T) model.MessageID {
	t.Helper()
	f.n++
	key := fmt.Sprintf("failed:%d", f.n)
	_, err := f.app.Messages.Enqueue(t.Context(), messages.Message{Key: key, Member: model.MemberID(f.memberID), Template: messages.CodeTemplate,
		Data: map[string]string{"code": "123456", "minutes": "5"}, NotBefore: f.clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	f.exec(t, "UPDATE messages SET state = 'failed', reason = 'sample', due_at = NULL, lane = NULL, finished_at = ? WHERE message_key = ?", f.clock.Now().UTC(), key)
	return f.newest(t)
}

func (f *furnished) retries() map[string]any {
	return map[string]any{"state": "failed", "reason": "sample", "from": f.clock.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339),
		"to": f.clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "note": "已修复"}
}
