package replies_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/service/replies"
	"huitou/wechat"
)

const (
	welcome      = "感谢关注!在这里可以查积分、用优惠券。有任何问题,直接回复就能找到我们。"
	parcelFollow = "感谢关注!包裹里的商品有任何问题,直接回复就能找到我们。"
	parcelScan   = "收到!包裹里的商品有任何问题,直接回复就能找到我们。"
)

// What every shop begins with, before staff have changed a thing; nothing is written while somebody waits.
func TestFirstReplies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.scenes.sources["s_1"] = qrcodes.Source{PublicID: "c1", Kind: model.QRStore, Name: "南京路店", Ref: "1"}
		w.want(w.follows("oA", ""), welcome)
		w.want(w.follows("oA", "p_1"), parcelFollow)
		w.want(w.follows("oA", "s_1"), welcome)
		w.want(w.follows("oA", "nobody's"), welcome)
		w.want(w.scans("oA", "p_1"), parcelScan)
		w.want(w.scans("oA", "s_1"), "")
		w.want(w.scans("oA", ""), "")
		w.want(w.taps("oA", "service"), "您好!请直接在下方输入您的问题,我们会尽快回复。")
		w.want(w.taps("oA", "gone"), "")
		w.want(w.writes("oA", "你好"), "")
		for _, p := range []wechat.Push{
			w.push("oA", func(p *wechat.Push) { p.Event, p.Scene = wechat.EventUnsubscribe, "p_1" }),
			w.push("oA", func(p *wechat.Push) { p.Event = wechat.EventView }),
			w.push("", func(p *wechat.Push) { p.Event = wechat.EventSubscribe }),
			w.push("oA", func(p *wechat.Push) { p.Kind = wechat.KindImage }),
			{},
		} {
			w.want(p, "")
		}
		if n := w.count("reply_hits") + w.count("reply_days") + w.count("jobs") + w.count("members"); n != 0 {
			t.Errorf("replying wrote %d rows", n)
		}
		list, err := w.s.Rules(context.Background())
		if err != nil || len(list) != 9 {
			t.Fatalf("%d rules, %v", len(list), err)
		}
		for _, r := range list { // the rules that came with the shop are such as staff could have made
			if _, err := w.s.Change(context.Background(), replies.Change{Staff: 7, ID: r.ID, Name: r.Name, Active: true, Terms: r.Terms, Version: 1}); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
		}
		w.sound()
	})
}

// The welcome by where somebody came from, with the names that staff gave the codes.
func TestWelcomeBySource(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.scenes.sources["s_1"] = qrcodes.Source{PublicID: "c1", Kind: model.QRStore, Name: "南京路店"}
	w.scenes.sources["s_2"] = qrcodes.Source{PublicID: "c2", Kind: model.QRStore, Name: "徐汇店"}
	w.scenes.sources["w_3"] = qrcodes.Source{PublicID: "c3", Kind: model.QRStaff, Name: "小王"}
	w.scenes.sources["c_4"] = qrcodes.Source{PublicID: "c4", Kind: model.QRCampaign, Name: "春茶节"}
	w.rule(model.ReplyToFollow, replies.Terms{Source: model.ReplyFromStore, Answer: said("欢迎来到{shop}{store}")})
	w.rule(model.ReplyToFollow, replies.Terms{Code: "c2", Answer: said("徐汇店今日茶会")})
	w.rule(model.ReplyToFollow, replies.Terms{Source: model.ReplyFromStaff, Answer: said("{staff}为您服务")})
	w.rule(model.ReplyToScan, replies.Terms{Source: model.ReplyFromPlain, Answer: said("又见面了")})
	w.want(w.follows("oA", "s_1"), "欢迎来到茶铺南京路店")
	w.want(w.follows("oA", "s_2"), "徐汇店今日茶会")
	w.want(w.follows("oA", "w_3"), "小王为您服务")
	w.want(w.follows("oA", "c_4"), welcome)
	w.want(w.follows("oA", "p_1"), parcelFollow)
	w.want(w.scans("oA", "s_1"), "又见面了")
	w.want(w.scans("oA", "p_1"), parcelScan)

	// Who is slow to say what was scanned costs the right welcome, and no more.
	w.scenes.hangs = true // until the reply itself gives up
	w.want(w.follows("oA", "s_1"), welcome)
	w.scenes.hangs, w.scenes.err = false, errAway
	w.want(w.follows("oA", "s_1"), welcome)
	if err := w.s.Count(context.Background(), w.follows("oA", "s_1")); !errors.Is(err, errAway) {
		t.Errorf("a hit was counted for a code that nobody could name: %v", err)
	}
}

// Keywords, hours, priorities through the database; the answer to anything once a day and person, and kv's being away.
func TestKeywords(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	first := w.rule(model.ReplyToKeyword, keyword("当天发货", "发货", "ＫＤ"))
	w.rule(model.ReplyToKeyword, keyword("晚于前者", "发货"))
	contains := keyword("七天可退", "退")
	contains.Match = model.MatchContains
	w.rule(model.ReplyToKeyword, contains)
	w.rule(model.ReplyToAnything, replies.Terms{Answer: said("稍后回复您")})
	w.want(w.writes("oA", " kd "), "当天发货")
	w.want(w.writes("oA", "怎么退"), "七天可退")
	voice := w.push("oA", func(p *wechat.Push) { p.Kind, p.Recognition = wechat.KindVoice, "发货" })
	w.want(voice, "当天发货")

	hello := w.writes("oA", "在吗")
	w.want(hello, "稍后回复您")
	w.want(hello, "稍后回复您") // WeChat delivers it again
	w.want(w.writes("oA", "在吗"), "")
	w.want(w.push("oA", func(p *wechat.Push) { p.Kind = wechat.KindImage }), "")
	w.want(w.writes("oB", "在吗"), "稍后回复您")
	w.clock.Advance(24 * time.Hour)
	w.want(w.writes("oA", "在吗"), "稍后回复您")
	w.kv.away = true
	w.want(w.writes("oC", "在吗"), "")
	w.want(w.writes("oC", "发货"), "当天发货")
	w.kv.away = false

	// An edit counts at once here, and two seconds later elsewhere.
	other := replies.New(w.deps)
	ask := func() string {
		r, err := other.Reply(context.Background(), w.writes("oA", "发货"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Content
	}
	if got := ask(); got != "当天发货" {
		t.Fatalf("elsewhere: %q", got)
	}
	off := replies.Change{Staff: 7, ID: first.ID, Name: "发货", Active: false, Terms: first.Terms, Version: 1}
	if _, err := w.s.Change(context.Background(), off); err != nil {
		t.Fatal(err)
	}
	w.want(w.writes("oA", "发货"), "晚于前者")
	if got := ask(); got != "当天发货" {
		t.Errorf("elsewhere within two seconds: %q", got)
	}
	w.clock.Advance(2 * time.Second)
	if got := ask(); got != "晚于前者" {
		t.Errorf("elsewhere after two seconds: %q", got)
	}
	w.sound()
}

// A wish to be left alone is confirmed whatever the rules say.
func TestWishesAreConfirmed(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	contains := keyword("别走", "退", "订")
	contains.Match = model.MatchContains
	w.rule(model.ReplyToKeyword, contains)
	if got := w.says(w.writes("oA", "退订")); !strings.Contains(got, "不再主动给您发送消息") || !strings.Contains(got, "恢复订阅") {
		t.Errorf("退订 is answered %q", got)
	}
	if got := w.says(w.writes("oA", " 恢复订阅。")); !strings.Contains(got, "已恢复") {
		t.Errorf("恢复订阅 is answered %q", got)
	}
	_, err := w.s.Create(context.Background(), replies.NewRule{Staff: 7, Name: "x", Occasion: model.ReplyToKeyword, Terms: keyword("别走", "ＴＤ")})
	if !errors.Is(err, replies.ErrReserved) {
		t.Errorf("a rule for TD: %v", err)
	}
}

// Everybody sees his own orders, and of others' not even that they exist (T9, T33).
func TestT9OnlyOwnOrders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.order("oA", "T20261121001")
		clock.Advance(time.Hour)
		w.order("oA", "T20261121002")
		w.order("oB", "B20261121009")
		w.order("oC", "C20261121003")
		w.exec("UPDATE orders SET state = 'refunded', refunded_fen = paid_fen WHERE number = 'C20261121003'")

		const own = "订单 T20261121001\n2026年11月21日 下单,实付128.00元\n已付款\n明前龙井等2种商品"
		w.want(w.writes("oA", "T20261121001"), own)
		w.want(w.writes("oA", "ｔ20261121001 "), own)
		if got := w.says(w.writes("oC", "C20261121003")); !strings.Contains(got, "已全额退款") {
			t.Errorf("a refunded order: %q", got)
		}
		if got := w.says(w.writes("oA", "订单")); strings.Index(got, "T20261121002") > strings.Index(got, "T20261121001") || strings.Contains(got, "B2026") {
			t.Errorf("his orders, the latest first: %q", got)
		}
		unknown := w.says(w.writes("oA", "X20261121999"))
		if strings.Contains(unknown, "X2026") || unknown == "" {
			t.Errorf("an unknown number: %q", unknown)
		}
		w.want(w.writes("oA", "B20261121009"), unknown)       // another's
		w.want(w.writes("stranger", "B20261121009"), unknown) // from somebody whom we do not know
		w.want(w.writes("stranger", "X20261121999"), unknown)
		for _, odd := range []string{"B2026112100%", "B20261121009' OR '1'='1", "1 OR 1=1 20261121"} {
			if got := w.says(w.writes("oA", odd)); strings.Contains(got, "B20261121009") {
				t.Errorf("%q shows %q", odd, got)
			}
		}
		if n := w.count("members"); n != 3 {
			t.Errorf("%d members: a question made one", n)
		}
	})
}

// Ten look-ups a minute for each person; without kv they go uncounted.
func TestLooksAreLimited(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	member := w.order("oA", "T20261121001")
	w.do(func(ctx context.Context, tx *db.Tx) error {
		_, _, err := w.points.EarnTx(ctx, tx, points.Earn{Member: member, Points: 128, Reason: model.PointsForOrder, Source: "order:1:earn", ExpiresAt: tx.Now.AddDate(1, 0, 0)})
		return err
	})
	for range 10 {
		w.want(w.taps("oA", "points"), "您现在有 128 积分。\n其中 128 积分将于2027年11月21日到期。")
	}
	w.want(w.taps("oA", "points"), "查询太频繁了,请一分钟后再试。")
	w.want(w.writes("oA", "T20261121001"), "查询太频繁了,请一分钟后再试。")
	w.want(w.taps("stranger", "points"), "您现在有 0 积分。")
	w.kv.away = true
	w.want(w.writes("oA", "积分"), "您现在有 128 积分。\n其中 128 积分将于2027年11月21日到期。")
	w.kv.away = false
	clock.Advance(time.Minute)
	w.want(w.writes("oA", "积分"), "您现在有 128 积分。\n其中 128 积分将于2027年11月21日到期。")
}

// A database that does not answer costs personal answers at once and the others after ten minutes.
func TestDatabaseAway(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("oA", "T20261121001")
	w.want(w.follows("oA", ""), welcome)
	w.exec("ALTER TABLE reply_rules RENAME TO rules_away")
	w.exec("ALTER TABLE orders RENAME TO orders_away")
	clock.Advance(9 * time.Minute)
	w.want(w.follows("oA", ""), welcome)
	w.want(w.writes("oA", "T20261121001"), "现在有点忙,请稍后再发一次。")
	if _, err := w.s.Menu(context.Background()); err == nil {
		t.Error("the menu was checked against rules that cannot be read")
	}
	clock.Advance(time.Minute)
	if got, err := w.s.Reply(context.Background(), w.follows("oA", "")); err == nil {
		t.Errorf("ten minutes later: %+v", got)
	}
	w.exec("ALTER TABLE rules_away RENAME TO reply_rules")
	w.want(w.follows("oA", ""), welcome)
}

// Nobody waits for a database that hangs longer than for the moment that the reply itself gives it.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.MySQL(t)
	w := newWorld(t, d, clock)
	w.want(w.follows("oA", ""), welcome)
	locked, release := make(chan struct{}), make(chan struct{})
	var holder sync.WaitGroup
	holder.Go(func() {
		err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Exec("LOCK TABLES reply_rules WRITE").Error; err != nil {
				return err
			}
			close(locked)
			<-release
			return tx.Gorm().Exec("UNLOCK TABLES").Error
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-locked
	clock.Advance(time.Minute)
	var all sync.WaitGroup
	for range 50 {
		p := w.follows("oA", "")
		all.Go(func() {
			if r, err := w.s.Reply(context.Background(), p); err != nil || r.Content != welcome {
				t.Errorf("Reply = %+v, %v", r, err)
			}
		})
	}
	all.Wait() // while the table is still locked
	close(release)
	holder.Wait()
}

// Of people who change one version at once one succeeds, and each version is one of theirs.
func TestChangesAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		r := w.rule(model.ReplyToKeyword, keyword("0", "发货"))
		const people = 8
		for version := int64(1); version <= 3; version++ {
			var done sync.WaitGroup
			errs := make([]error, people)
			for i := range people {
				done.Go(func() {
					_, errs[i] = w.s.Change(context.Background(), replies.Change{Staff: model.StaffID(i + 1), ID: r.ID, Name: "回复", Active: true,
						Terms: keyword(fmt.Sprintf("%d:%d", version, i), "发货"), Version: version})
				})
			}
			done.Wait()
			took := 0
			for i, err := range errs {
				switch {
				case err == nil:
					took++
					w.want(w.writes("oA", "发货"), fmt.Sprintf("%d:%d", version, i))
				case !errors.Is(err, replies.ErrChanged):
					t.Errorf("change: %v", err)
				}
			}
			if took != 1 {
				t.Errorf("version %d was changed by %d people", version, took)
			}
		}
		list, next, err := w.s.Versions(context.Background(), r.ID, db.Page{Limit: 3})
		if err != nil || len(list) != 3 || list[0].Version != 4 || next == "" {
			t.Fatalf("versions %+v %q, %v", list, next, err)
		}
		if list, next, err = w.s.Versions(context.Background(), r.ID, db.Page{Limit: 3, Cursor: next}); err != nil || len(list) != 1 || list[0].Answer.Text != "0" || next != "" {
			t.Errorf("the first version %+v %q, %v", list, next, err)
		}
		if err := w.s.End(context.Background(), 7, r.ID); err != nil {
			t.Fatal(err)
		}
		w.want(w.writes("oA", "发货"), "")
		if _, err := w.s.Rule(context.Background(), r.ID); !errors.Is(err, replies.ErrUnknown) {
			t.Errorf("an ended reply: %v", err)
		}
		w.sound()
	})
}

// A key makes a reply once; bad input makes none.
func TestCreate(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	in := replies.NewRule{Staff: 7, Name: "回复", Occasion: model.ReplyToKeyword, Active: true, Terms: keyword("x", "发货"), Key: db.Key{Scope: "staff:7", Key: "k"}}
	first, err := w.s.Create(context.Background(), in)
	if err != nil || first.Replayed {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := w.s.Create(context.Background(), in); err != nil || !again.Replayed || again.ID != first.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
	in.Terms = keyword("y", "发货")
	if _, err := w.s.Create(context.Background(), in); !errors.Is(err, db.ErrKeyReused) {
		t.Errorf("another input under the key: %v", err)
	}
	if _, err := w.s.Create(context.Background(), replies.NewRule{Name: "x", Occasion: model.ReplyToScan, Terms: replies.Terms{Code: "nobody's", Answer: said("x")}}); !errors.Is(err, qrcodes.ErrUnknown) {
		t.Errorf("for a code that nobody made: %v", err)
	}
	in.Key, in.Name = db.Key{}, ""
	if _, err := w.s.Create(context.Background(), in); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no name: %v", err)
	}
	if _, err := w.s.Change(context.Background(), replies.Change{ID: "nothing", Version: 1, Name: "x", Terms: in.Terms}); !errors.Is(err, replies.ErrUnknown) {
		t.Errorf("change of nothing: %v", err)
	}
	for n := w.count("reply_rules"); n < 500; n++ {
		w.exec("INSERT INTO reply_rules (public_id, name, occasion, terms, active, version, created_by, created_at, updated_at) VALUES (?, 'x', 'anything', '{}', FALSE, 1, 0, ?, ?)",
			fmt.Sprint("filler", n), clock.Now(), clock.Now())
	}
	in.Name = "回复"
	if _, err := w.s.Create(context.Background(), in); !errors.Is(err, replies.ErrTooMany) {
		t.Errorf("the 501st: %v", err)
	}
}

// A push counts once, by a job, however often it is delivered and told.
func TestHits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		r := w.rule(model.ReplyToKeyword, keyword("当天发货", "发货"))
		ctx := context.Background()
		pushes := []wechat.Push{w.writes("oA", "发货"), w.writes("oA", "发货"), w.writes("oB", "发货"), w.writes("oB", "别的"), w.taps("oB", "service")}
		for _, p := range pushes {
			body := fmt.Appendf(nil, `{"AppID":%q,"Kind":%q,"Event":%q,"OpenID":%q,"Content":%q,"EventKey":%q,"MsgID":%q,"CreatedAt":%q}`,
				p.AppID, p.Kind, p.Event, p.OpenID, p.Content, p.EventKey, p.MsgID, p.CreatedAt.Format(time.RFC3339Nano))
			for range 2 {
				if _, _, err := w.vault.Receive(ctx, callbacks.Received{App: oaApp, Channel: callbacks.OA, Raw: body, Topic: callbacks.Topic(p)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.q.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		late := w.writes("oC", "发货")
		var told sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs { // one push told by eight
			told.Go(func() { errs[i] = w.s.Count(ctx, late) })
		}
		told.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		today := model.DayOf(clock.Now(), model.Shanghai)
		list, err := w.s.Hits(ctx, today, today)
		if err != nil || len(list) != 2 || list[0].Hits != 1 || list[1].Rule != r.ID || list[1].Hits != 4 || list[1].Day != today {
			t.Errorf("hits %+v, %v", list, err)
		}
		if list, err = w.s.Hits(ctx, today.AddDays(1), today.AddDays(2)); err != nil || len(list) != 0 {
			t.Errorf("hits of tomorrow %+v, %v", list, err)
		}
		if _, err = w.s.Hits(ctx, today, today.AddDays(92)); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("93 days: %v", err)
		}
		w.sound()
		clock.Advance(92 * 24 * time.Hour)
		if _, err := w.q.RunDue(ctx); err != nil { // the timetable tidies up
			t.Fatal(err)
		}
		clock.Advance(24 * time.Hour)
		if _, err := w.q.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		if n := w.count("reply_hits"); n != 0 {
			t.Errorf("%d old hits are kept", n)
		}
		if list, err = w.s.Hits(ctx, today, today); err != nil || len(list) != 2 || list[1].Hits != 4 {
			t.Errorf("the counts went with the hits: %+v, %v", list, err)
		}
		w.sound()
	})
}

func TestTry(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.scenes.sources["s_1"] = qrcodes.Source{PublicID: "c1", Kind: model.QRStore, Name: "南京路店"}
	w.rule(model.ReplyToFollow, replies.Terms{Source: model.ReplyFromStore, Answer: said("欢迎来到{store}")})
	w.rule(model.ReplyToAnything, replies.Terms{FromMinute: 22 * 60, ToMinute: 8 * 60, Answer: said("明早回复您")})
	for _, tt := range []struct {
		in   replies.Try
		why  replies.Why
		says string
	}{
		{replies.Try{Follow: true, Scene: "s_1"}, replies.WhySource, "欢迎来到南京路店"},
		{replies.Try{Scan: true, Scene: "s_1"}, replies.WhyNothing, ""},
		{replies.Try{Text: "查订单"}, replies.WhyContains, ""},
		{replies.Try{Text: "订单"}, replies.WhyExact, ""},
		{replies.Try{Text: "T20261121001"}, replies.WhyNumber, ""},
		{replies.Try{Text: "你好"}, replies.WhyNothing, ""},
		{replies.Try{Text: "你好", At: clock.Now().Add(12 * time.Hour)}, replies.WhyAnything, "明早回复您"},
		{replies.Try{Text: "TD"}, replies.WhyStop, "好的"},
		{replies.Try{Key: "service"}, replies.WhyKey, "您好!"},
	} {
		got, err := w.s.Try(context.Background(), tt.in)
		if err != nil || got.Why != tt.why || !strings.HasPrefix(got.Reply.Content, tt.says) || (tt.says == "") != (got.Reply == wechat.Reply{}) {
			t.Errorf("Try(%+v) = %+v, %v; want %s %q", tt.in, got, err, tt.why, tt.says)
		}
	}
	for _, in := range []replies.Try{{}, {Follow: true, Text: "a"}, {Text: "a", Scene: "b"}} {
		if _, err := w.s.Try(context.Background(), in); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("Try(%+v): %v", in, err)
		}
	}
	w.want(w.writes("try", "你好"), "")
}

// The menu is pushed when every key has an answer, and then keeps its answers.
func TestMenu(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		ctx := context.Background()
		if m, err := w.s.Menu(ctx); err != nil || len(m.Problems) != 0 || len(m.Differs) != 2 {
			t.Fatalf("before: %+v, %v", m, err)
		}
		for range 2 {
			if err := w.s.PushMenu(ctx, 7); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := w.s.Menu(ctx); err != nil || len(m.Differs) != 0 || len(m.Has) != 2 {
			t.Errorf("after: %+v, %v", m, err)
		}
		service := w.click("service")
		if err := w.s.End(ctx, 7, service.ID); !errors.Is(err, replies.ErrInMenu) {
			t.Errorf("the menu's last answer was ended: %v", err)
		}
		off := replies.Change{Staff: 7, ID: service.ID, Name: service.Name, Active: false, Terms: service.Terms, Version: service.Version}
		if _, err := w.s.Change(ctx, off); !errors.Is(err, replies.ErrInMenu) {
			t.Errorf("the menu's last answer was put out: %v", err)
		}
		// Two people each end one of two rules with the key: one of them stays.
		second := w.rule(model.ReplyToClick, replies.Terms{Key: "service", Answer: said("在")})
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, id := range []model.PublicID{service.ID, second.ID} {
			both.Go(func() { errs[i] = w.s.End(ctx, 7, id) })
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), replies.ErrInMenu) {
			t.Errorf("both ended: %v", errs)
		}
		if w.says(w.taps("oA", "service")) == "" {
			t.Error("the menu's entry has no answer")
		}

		w.account.err = &wechat.Error{Code: 40018, Endpoint: "/cgi-bin/menu/create"}
		if err := w.s.PushMenu(ctx, 7); !errors.Is(err, replies.ErrMenuInvalid) {
			t.Errorf("WeChat refuses: %v", err)
		}
		w.account.err = errAway
		if err := w.s.PushMenu(ctx, 7); !errors.Is(err, replies.ErrWeChat) {
			t.Errorf("WeChat is away: %v", err)
		}
		if _, err := w.s.Menu(ctx); !errors.Is(err, replies.ErrWeChat) {
			t.Errorf("WeChat is away: %v", err)
		}
		w.account.err = nil
		for name, menu := range map[string][]wechat.MenuButton{
			"key without answer":   {{Type: wechat.MenuClick, Name: "a", Key: "nobody"}},
			"foreign mini-program": {{Type: wechat.MenuProgram, Name: "a", AppID: "wxother", Page: "p", URL: "https://shop.example"}},
			"name too long":        {{Type: wechat.MenuView, Name: strings.Repeat("长", 6), URL: "https://shop.example"}},
		} {
			deps := w.deps
			deps.WantedMenu = menu
			if err := replies.New(deps).PushMenu(ctx, 7); !errors.Is(err, replies.ErrMenuInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		deps := w.deps
		deps.WantedMenu = nil
		if err := replies.New(deps).PushMenu(ctx, 7); !errors.Is(err, replies.ErrNoMenu) || len(w.account.menu) != 2 {
			t.Errorf("no menu: %v; WeChat has %+v", err, w.account.menu)
		}
		w.sound()
	})
}

// click is the first active rule of a key.
func (w *world) click(key string) replies.Rule {
	w.t.Helper()
	list, err := w.s.Rules(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if r.Key == key {
			return r
		}
	}
	w.t.Fatalf("no rule for the key %s", key)
	return replies.Rule{}
}

// Each invariant finds what breaks it.
func TestInvariants(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	if err := w.s.Count(context.Background(), w.taps("oA", "service")); err != nil {
		t.Fatal(err)
	}
	w.sound()
	for _, tt := range []struct{ breaks, mends, want string }{
		{"UPDATE reply_rules SET terms = '{}' WHERE id = 1", "UPDATE reply_rules SET terms = (SELECT v.terms FROM reply_rule_versions v WHERE v.rule_id = 1) WHERE id = 1", "replies.versions"},
		{"UPDATE reply_rules SET version = 2 WHERE id = 1", "UPDATE reply_rules SET version = 1 WHERE id = 1", "replies.versions"},
		{"UPDATE reply_rules SET occasion = 'push' WHERE id = 1", "UPDATE reply_rules SET occasion = 'follow' WHERE id = 1", "replies.occasions"},
		{"UPDATE reply_days SET hits = 0", "UPDATE reply_days SET hits = 1", "replies.hits"},
	} {
		w.exec(tt.breaks)
		broken, err := audit.Run(context.Background(), d, replies.Invariants())
		if err != nil || len(broken) != 1 || broken[0].ID != tt.want {
			t.Errorf("%s breaks %+v, %v; want %s", tt.breaks, broken, err, tt.want)
		}
		w.exec(tt.mends)
	}
	w.sound()
}
