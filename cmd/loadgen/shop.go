package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/model/random"
	"huitou/service/coupons"
	"huitou/service/members"
)

// shop is the whole program on a new database, serving on loopback, with as many signed-in shoppers as the load needs.
type shop struct {
	app     *app.App
	addrs   []string // one of each instance
	members []model.MemberID
	tokens  []string // of the sessions, by the same index
	close   func() error
}

// openShop starts a shop of so many instances on one database: each has its own connections, caches, groups and jobs, and knows of the
// others through the database alone; they share this process. dir gets the access log, which is written as in production: JSON, one line
// a request, to a file. fit may add settings; nil adds none. Each of tune is told of every instance before it starts.
func openShop(ctx context.Context, st store, dir string, keep bool, instances int, fit func(*app.Settings), tune ...func(*app.App)) (s *shop, err error) {
	o, drop, err := st.create(ctx)
	if err != nil {
		return nil, err
	}
	var undo []func() error
	shut := func() error {
		var errs []error
		for i := len(undo) - 1; i >= 0; i-- {
			errs = append(errs, undo[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, shut())
		}
	}()
	if !keep {
		undo = append(undo, drop)
	}
	access, err := os.OpenFile(filepath.Join(dir, "access.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	undo = append(undo, access.Close)
	key := []byte(random.Token()[:32])
	s = &shop{close: shut}
	for range instances {
		settings := app.Settings{DB: o, Now: time.Now, Log: slog.New(slog.NewJSONHandler(access, nil)), Version: "load", PhoneKey: key}
		if fit != nil {
			fit(&settings)
		}
		a, addr, stop, err := openInstance(ctx, settings, tune)
		if err != nil {
			return nil, err
		}
		undo = append(undo, stop)
		s.addrs = append(s.addrs, addr)
		if s.app == nil {
			s.app = a
		}
	}
	return s, nil
}

// openInstance serves the whole program on a port of its own until stop is called.
func openInstance(ctx context.Context, settings app.Settings, tune []func(*app.App)) (a *app.App, addr string, stop func() error, err error) {
	store := kv.NewMemory(kv.MemoryOptions{Now: settings.Now})
	settings.KV = store
	if a, err = app.New(ctx, settings); err != nil {
		return nil, "", nil, errors.Join(err, store.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(), store.Close())
		}
	}()
	if err = a.DB.Migrate(ctx); err != nil {
		return nil, "", nil, err
	}
	if err = a.DB.Check(ctx); err != nil {
		return nil, "", nil, fmt.Errorf("the database does not keep what it promises, so its figures do not count:\n%w", err)
	}
	for _, f := range tune {
		f(a)
	}
	plainRoute(a.Routes, a.DB)
	plainGiftRoute(a.Routes, a.DB, a.Points)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	running, halt := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(running, app.RoleAll, app.Listeners{Main: l}, 10*time.Second) }()
	return a, l.Addr().String(), func() error { halt(); return errors.Join(<-done, a.Close(), store.Close()) }, nil
}

// admitted is how many shoppers one transaction adds.
const admitted = 1000

// admit adds shoppers, each with a session of his own, as if they had signed in a moment ago.
func (s *shop) admit(ctx context.Context, n int) error {
	for n > 0 {
		batch := min(n, admitted)
		n -= batch
		list := make([]members.NewMember, batch)
		for i := range list {
			list[i].Externals = []members.External{{Source: "load", External: key(len(s.members) + i)}}
		}
		sessions, tokens := make([]model.MemberSession, batch), make([]string, batch)
		var ids []model.MemberID
		err := s.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			if ids, err = s.app.Members.ImportTx(ctx, tx, list); err != nil {
				return err
			}
			for i, id := range ids {
				tokens[i] = random.Token()
				sum := sha256.Sum256([]byte(tokens[i]))
				sessions[i] = model.MemberSession{
					TokenHash: hex.EncodeToString(sum[:]), MemberID: id, CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: tx.Now.AddDate(0, 0, 1),
				}
			}
			return tx.Gorm().Create(&sessions).Error
		})
		if err != nil {
			return fmt.Errorf("add shoppers: %w", err)
		}
		s.members, s.tokens = append(s.members, ids...), append(s.tokens, tokens...)
	}
	return nil
}

// template makes a coupon that is there stock times, one for each shopper.
func (s *shop) template(ctx context.Context, stock int) (model.PublicID, error) {
	t, err := s.app.Coupons.CreateTemplate(ctx, coupons.NewTemplate{
		Name: "满100减10", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 10000},
		UseDays: 30, Total: int64(stock), PerMember: 1, Claimable: true,
	})
	if err == nil {
		t, err = s.app.Coupons.Activate(ctx, 0, t.ID)
	}
	if err != nil {
		return "", fmt.Errorf("make the coupon: %w", err)
	}
	return t.ID, nil
}
