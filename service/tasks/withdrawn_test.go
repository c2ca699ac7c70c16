package tasks_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/tasks"
	"huitou/wechat"
)

// desk notes who is not to be written to.
type desk struct{ stopped []messages.Stop }

func (d *desk) StopTx(_ context.Context, _ *db.Tx, in messages.Stop) (model.DoNotContact, error) {
	d.stopped = append(d.stopped, in)
	return model.DoNotContact{}, nil
}

func TestWithdrawnAuthorisations(t *testing.T) {
	tests := []struct {
		name    string
		event   wechat.Event
		openID  string
		scope   string
		says    string // in the task; empty: there is none
		stopped bool
	}{
		{"authorisation taken back", wechat.EventUserAuthorizationRevoke, "oPerson", "201", "201", false},
		{"account closed", wechat.EventUserAuthorizationCanceled, "oPerson", "", "注销", true},
		{"of somebody unknown", wechat.EventUserAuthorizationRevoke, "oNobody", "201", "", false},
		{"of nobody", wechat.EventUserAuthorizationCanceled, "", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
				w, contact := newWorld(t, d, clock), &desk{}
				w.s.Contact = contact
				err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, _, err := w.members.EnsureTx(ctx, tx, members.Ref{Member: w.member, AppID: "wx1", OpenID: "oPerson"})
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				p := wechat.Push{AppID: "wx1", Kind: wechat.KindEvent, Event: tt.event, OpenID: tt.openID, DedupeKey: strings.Repeat("a", 64),
					Withdrawn: &wechat.Withdrawn{OpenID: tt.openID, AppID: "wx1", Scope: tt.scope}}
				runs := 0
				once := func(context.Context, *db.Tx) (bool, error) { runs++; return runs <= 2, nil }
				lost := errors.New("lost")
				failing := func(ctx context.Context, tx *db.Tx) (bool, error) { return false, lost }
				if err := w.s.OnWithdrawn(t.Context(), p, failing); !errors.Is(err, lost) {
					t.Errorf("a run that could not be counted = %v", err)
				}
				for range 3 { // the second one after a crash, the third after its end
					if err := w.s.OnWithdrawn(t.Context(), p, once); err != nil {
						t.Fatal(err)
					}
				}
				list, _, err := w.s.List(t.Context(), tasks.Filter{Kind: model.TaskPrivacy}, db.Page{})
				if err != nil || len(list) > 1 || (len(list) == 1) != (tt.says != "") {
					t.Fatalf("tasks %+v, %v", list, err)
				}
				if len(list) == 1 {
					today := model.DayOf(clock.Now(), model.Shanghai)
					if k := list[0]; k.Member != w.member || k.Due != today.AddDays(15) || !strings.Contains(k.Title+k.Detail, tt.says) || strings.Contains(k.Title+k.Detail, tt.openID) {
						t.Errorf("task %+v", k)
					}
				}
				if (len(contact.stopped) > 0) != tt.stopped {
					t.Errorf("stopped %+v, want stopped: %t", contact.stopped, tt.stopped)
				}
				for _, s := range contact.stopped {
					if s.Member != w.member || s.Scope != model.StopCare || s.Channel != "" || s.Reason != "unsubscribed" {
						t.Errorf("stopped %+v", s)
					}
				}
				w.sound()
			})
		})
	}
}
