package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// delivery is what the simulator says of one push or notice.
type delivery struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Problem  string `json:"problem"`
	Attempts []struct {
		Status int    `json:"status"`
		Error  string `json:"error"`
		Reply  string `json:"reply"`
	} `json:"attempts"`
}

// taken tells whether the shop accepted it.
func (d delivery) taken() error {
	if d.State != "delivered" || d.Problem != "" || len(d.Attempts) == 0 {
		return fmt.Errorf("delivery %+v", d)
	}
	return nil
}

// String says how it was taken.
func (d delivery) String() string {
	last := d.Attempts[len(d.Attempts)-1]
	return fmt.Sprintf("第 %d 次送达,回应 %d", len(d.Attempts), last.Status)
}

// shown is one message on the customer's phone.
type shown struct {
	Seq    int       `json:"seq"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Title  string    `json:"title"`
	Text   string    `json:"text"`
	MsgID  string    `json:"msg_id"`
	Fields []struct {
		Label string `json:"label"`
		Value string `json:"value"`
	} `json:"fields"`
}

// about tells whether one of the message's lines is the value.
func (m shown) about(value string) bool {
	for _, f := range m.Fields {
		if f.Value == value {
			return true
		}
	}
	return false
}

// parcel makes the QR code of the first order's parcel as staff, and scans it as the customer.
func (t *tour) parcel(ctx context.Context) error {
	var code struct {
		Ticket   string `json:"ticket"`
		ImageURL string `json:"image_url"`
		Scene    string `json:"scene"`
	}
	in := t.asStaff(http.MethodPost, "/parcel-codes", map[string]string{"source": t.Source, "number": t.order})
	if _, err := t.shop.call(ctx, in, &code); err != nil {
		return err
	}
	if code.Ticket == "" || code.ImageURL == "" {
		return fmt.Errorf("the parcel code is %+v", code)
	}
	t.ticket = code.Ticket
	t.say("包裹码 %s,二维码 %s", code.Scene, clip(code.ImageURL, 60))
	var scan struct {
		Delivery delivery `json:"delivery"`
		Replies  []shown  `json:"replies"`
	}
	if _, err := t.sim.call(ctx, request{method: http.MethodPost, path: "/_sim/users/" + t.user.ID + "/scan", body: map[string]string{"ticket": code.Ticket}}, &scan); err != nil {
		return err
	}
	if err := scan.Delivery.taken(); err != nil {
		return fmt.Errorf("the subscribe event: %w", err)
	}
	if len(scan.Replies) != 1 || !strings.Contains(scan.Replies[0].Text, "感谢关注") || !strings.Contains(scan.Replies[0].Text, "包裹") {
		return fmt.Errorf("the customer reads %+v, want the welcome of a parcel", scan.Replies)
	}
	t.say("关注后收到:%s", scan.Replies[0].Text)
	return eventually(ctx, func() error {
		var me struct {
			Follower bool `json:"follower"`
		}
		if _, err := t.shop.call(ctx, t.asShopper(http.MethodGet, "/me", nil), &me); err != nil {
			return err
		}
		if !me.Follower {
			return errors.New("the member is not known as a follower: mini-program and official account were not joined")
		}
		return nil
	})
}

// message waits for the first visit on the customer's phone, and for WeChat's report of it in the shop.
func (t *tour) message(ctx context.Context) error {
	var got shown
	err := eventually(ctx, func() error {
		var inbox struct {
			Messages []shown `json:"messages"`
		}
		if _, err := t.sim.call(ctx, request{method: http.MethodGet, path: "/_sim/users/" + t.user.ID + "/inbox"}, &inbox); err != nil {
			return err
		}
		for _, m := range inbox.Messages {
			if m.Kind == "template" && m.about(t.order) {
				got = m
				return nil
			}
		}
		return fmt.Errorf("the phone shows no message about order %s among %d", t.order, len(inbox.Messages))
	})
	if err != nil {
		return err
	}
	line := make([]string, 0, len(got.Fields))
	for _, f := range got.Fields {
		line = append(line, f.Label+":"+f.Value)
	}
	t.say("手机收到《%s》%s", got.Title, strings.Join(line, ","))
	if err := t.findMember(ctx); err != nil {
		return err
	}
	return eventually(ctx, func() error {
		var list struct {
			Messages []struct {
				Template string `json:"template"`
				State    string `json:"state"`
				Reason   string `json:"reason"`
				MsgID    string `json:"msg_id"`
			} `json:"messages"`
		}
		if _, err := t.shop.call(ctx, t.asStaff(http.MethodGet, fmt.Sprintf("/messages?member_id=%d", t.memberID), nil), &list); err != nil {
			return err
		}
		for _, m := range list.Messages {
			if m.Template != "visit1" {
				continue
			}
			if m.State != "delivered" || m.MsgID != got.MsgID {
				return fmt.Errorf("the outbox says %s %s (message %s), the phone shows message %s", m.State, m.Reason, m.MsgID, got.MsgID)
			}
			t.say("发件箱:消息 %s 已送达(TEMPLATESENDJOBFINISH 已记录)", m.MsgID)
			return nil
		}
		return errors.New("the outbox has no visit1 for this member")
	})
}

// findMember looks the shopper up as staff do: by phone.
func (t *tour) findMember(ctx context.Context) error {
	var m struct {
		ID    int64  `json:"id"`
		Phone string `json:"phone"`
	}
	if _, err := t.shop.call(ctx, t.asStaff(http.MethodGet, "/members?phone="+t.phone, nil), &m); err != nil {
		return err
	}
	if m.ID == 0 || strings.Contains(m.Phone, t.phone) {
		return fmt.Errorf("staff see member %d with phone %s", m.ID, m.Phone)
	}
	t.memberID = m.ID
	return nil
}
