package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"testing"

	"huitou/handler/api"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/earning"
	"huitou/service/points"
)

// The shopper reads what his points were for. What a card gives is booked under the reason of orders, because a refund takes it back in the same
// way, and must not read as a purchase. That the card writes these sources stands in service/memberships.
func TestPointsAreCalledByTheirOccasion(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Member: func(_ context.Context, token string) (model.MemberID, error) {
			id, err := strconv.ParseInt(token, 10, 64)
			return model.MemberID(id), err
		},
	}, clock.Now, log)
	ledger := points.New(points.Deps{DB: d})
	api.Points(r.Under("/api/v1"), ledger)

	want := []string{}
	for _, in := range []struct {
		reason        model.PointsReason
		source, title string
	}{
		{model.PointsForOrder, "order:12:earn", "消费得积分"},
		{model.PointsForOrder, "membership-birthday:7:2026", "会员卡生日礼"},
		{model.PointsForOrder, "period:3:welcome", "会员卡开卡礼"},
		{model.PointsForAction, "survey:9", "填写问卷"},
		{model.PointsForAction, "something:new", "活动得积分"},
		{model.PointsAdjusted, "period:3:welcome", "人工调整"}, // another reason's source says nothing
	} {
		if _, _, err := ledger.Earn(t.Context(), points.Earn{Member: 7, Points: 10, Reason: in.reason, Source: in.source}); err != nil {
			t.Fatal(err)
		}
		want = append(want, in.title)
	}
	acts := earning.New(earning.Deps{DB: d, Members: anybody{}, Points: ledger})
	for _, in := range []struct {
		action model.EarningAction
		title  string
	}{
		{model.ActionReview, "评价商品"}, {model.ActionSurvey, "填写问卷"}, {model.ActionBirthday, "生日礼"},
	} {
		terms := earning.ActionTerms{Action: in.action, Enabled: true, Ladder: []int64{5}, PerDay: 1}
		if _, err := acts.SaveAction(t.Context(), 1, terms); err != nil {
			t.Fatal(err)
		}
		if _, err := acts.Action(t.Context(), earning.Act{Member: 7, Action: in.action, Key: "2026"}); err != nil {
			t.Fatal(err)
		}
		want = append(want, in.title)
	}
	if _, err := acts.CheckIn(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	want = append(want, "签到")
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := ledger.ClawbackTx(ctx, tx, points.Clawback{Member: 7, Source: "membership:3:refund:1:use:4", EarnSource: "period:3:welcome", Points: 4, Policy: model.ClawWithDebt})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, "会员卡退款扣回")

	rec, body := askCoupons(e, "7", "", http.MethodGet, "/me/points/entries", "")
	list, _ := body["entries"].([]any)
	if rec.Code != http.StatusOK || len(list) != len(want) {
		t.Fatalf("%d %v", rec.Code, body)
	}
	for i, entry := range list { // newest first
		if got := entry.(map[string]any)["title"]; got != want[len(want)-1-i] {
			t.Errorf("entry %d is called %v, want %s", len(want)-i, got, want[len(want)-1-i])
		}
	}
}
