package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/staff"
	"huitou/wechat"
)

// qrMaker makes QR codes until err is set; nobody follows.
type qrMaker struct{ err error }

func (m *qrMaker) CreateQR(_ context.Context, scene string, ttl time.Duration) (wechat.QRCode, error) {
	return wechat.QRCode{Ticket: "gQ==", URL: "http://weixin.qq.com/q/1", ImageURL: "http://sim/" + scene, ExpiresIn: ttl}, m.err
}

func (m *qrMaker) UserInfo(context.Context, string) (wechat.Follower, error) {
	return wechat.Follower{}, m.err
}

// afterSale is a server with one order, T1, of member 1, to whom two messages are queued.
func afterSale(t *testing.T, m *qrMaker) *echo.Echo {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	outbox := messages.New(messages.Deps{DB: d, Jobs: jobs.New(d, log), Log: log})
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, key := range []string{"a", "b"} {
			msg := messages.Message{Key: key, Member: 1, Template: "visit1", Data: map[string]string{"goods": "明前龙井"}}
			if _, err := outbox.EnqueueTx(ctx, tx, msg); err != nil {
				return err
			}
		}
		return tx.Gorm().Create(&model.Order{
			Source: "shop", Number: "T1", MemberID: 1, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginIngest,
			PaidAt: tx.Now, ContentHash: "x", RecordedAt: tx.Now,
		}).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Staff: func(_ context.Context, token string) (staff.Actor, error) {
		if token == "nobody" {
			return staff.Actor{ID: 8, Name: "ghost", Role: "guest"}, nil
		}
		return staff.Actor{ID: 7, Name: "wang", Role: staff.Clerk}, nil
	}}, clock.Now, log).Under("/admin/v1")
	admin.Messages(r, outbox)
	admin.Parcels(r, aftersale.New(aftersale.Deps{DB: d, OA: m, Orders: orders.New(orders.Deps{DB: d}), Log: log}))
	return e
}

func TestParcelCodesAndMessages(t *testing.T) {
	m := &qrMaker{}
	e := afterSale(t, m)
	tests := []struct {
		name, method, path, token, body string
		status                          int
		has                             string
	}{
		{"anonymous", "POST", "/parcel-codes", "", `{"source":"shop","number":"T1"}`, 401, ""},
		{"role without the right", "POST", "/parcel-codes", "nobody", `{"source":"shop","number":"T1"}`, 403, ""},
		{"made", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":"T1"}`, 200, `"image_url":"http://sim/p_`},
		{"unknown order", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":"T2"}`, 404, "orders.unknown"},
		{"unknown field", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":"T1","member_id":2}`, 400, "member_id"},
		{"empty number", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":""}`, 400, "number"},
		{"wrong type", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":1}`, 400, "number"},
		{"huge number", "POST", "/parcel-codes", "clerk", `{"source":"shop","number":"` + strings.Repeat("9", 65) + `"}`, 400, "number"},
		{"messages of a member", "GET", "/messages?member_id=1&limit=1", "clerk", "", 200, `"state":"queued"`},
		{"messages of nobody", "GET", "/messages?member_id=2", "clerk", "", 200, `"messages":[]`},
		{"messages by a role without the right", "GET", "/messages", "nobody", "", 403, ""},
		{"negative member", "GET", "/messages?member_id=-1", "clerk", "", 400, "member_id"},
		{"limit out of range", "GET", "/messages?limit=101", "clerk", "", 400, "limit"},
		{"forged cursor", "GET", "/messages?cursor=x", "clerk", "", 400, "page.cursor"},
		{"unknown filter", "GET", "/messages?phone=1", "clerk", "", 400, "phone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := httptest.NewRequest(tt.method, "/admin/v1"+tt.path, strings.NewReader(tt.body))
			req.Header.Set("Content-Type", "application/json")
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, req)
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.has) {
				t.Errorf("%d %s; want %d with %q", rec.Code, rec.Body, tt.status, tt.has)
			}
		})
	}
	m.err = &wechat.Error{Code: 45009, Message: "quota"}
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/admin/v1/parcel-codes", strings.NewReader(`{"source":"shop","number":"T1"}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer clerk")
	e.ServeHTTP(rec, req)
	if rec.Code != http.StatusOK { // made before; WeChat is not asked again
		t.Errorf("code that exists, while WeChat refuses: %d %s", rec.Code, rec.Body)
	}
}
