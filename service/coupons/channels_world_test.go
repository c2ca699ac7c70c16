package coupons_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
)

// outbox remembers what was queued, by key, as the real one does. What a transaction that was rolled back queued stays; the tests
// that look inside roll nothing back.
type outbox struct {
	mu   sync.Mutex
	sent map[string]messages.Message
	fail map[model.MemberID]error
}

func (o *outbox) EnqueueTx(_ context.Context, _ *db.Tx, m messages.Message) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.fail[m.Member]; err != nil {
		delete(o.fail, m.Member)
		return false, err
	}
	if _, known := o.sent[m.Key]; known {
		return false, nil
	}
	o.sent[m.Key] = m
	return true, nil
}

// shop is the coupons with real members and a queue.
type shop struct {
	*coupons.Service
	db      *db.DB
	queue   *jobs.Queue
	members *members.Service
	outbox  *outbox
}

func newShop(d *db.DB) *shop {
	return shopWith(d, func(m *members.Service) coupons.People { return m })
}

// shopWith makes a shop whose bulk issues find their people through something else.
func shopWith(d *db.DB, people func(*members.Service) coupons.People) *shop {
	log := slog.New(slog.DiscardHandler)
	s := &shop{db: d, queue: jobs.New(d, log), outbox: &outbox{sent: map[string]messages.Message{}, fail: map[model.MemberID]error{}}}
	s.members = members.New(members.Deps{DB: d, PhoneKey: make([]byte, 32), Facts: facts.New(s.queue), Log: log})
	s.Service = coupons.New(coupons.Deps{DB: d, Members: s.members, Queue: s.queue, People: people(s.members), Birthdays: s.members, Messages: s.outbox, Log: log})
	s.Distribute()
	return s
}

// phoneOf is the number of the i-th member whom admit added.
func phoneOf(i int) string { return fmt.Sprintf("138%08d", i) }

func (s *shop) admit(t testing.TB, n int) (ids []model.MemberID) {
	t.Helper()
	for len(ids) < n {
		list := make([]members.NewMember, min(1000, n-len(ids)))
		for i := range list {
			list[i].Phone = phoneOf(len(ids) + i)
			list[i].Externals = []members.External{{Source: "test", External: fmt.Sprint(len(ids) + i)}}
		}
		err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			added, err := s.members.ImportTx(ctx, tx, list)
			if err == nil {
				ids = append(ids, added...)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func (s *shop) runDue(t testing.TB) {
	t.Helper()
	if _, err := s.queue.RunDue(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// rows counts rows of a query.
func rows[Row any](t testing.TB, d *db.DB, where string, args ...any) (list []Row) {
	t.Helper()
	err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where(where, args...).Order("id").Find(&list).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
