package admin

import (
	"bytes"
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/service/analytics"
	"huitou/service/staff"
)

// PointsLiability declares the report on outstanding points, as JSON and as a table for a spreadsheet.
func PointsLiability(r *web.Routes, s *analytics.Service) {
	web.Get(r, "/reports/points-liability", web.Staff(staff.ReportsRead), web.Doc{
		ID: "points-liability", Summary: "积分负债:未使用积分按到期月份", Tag: "报表",
	}, func(ctx context.Context, _ *struct{}) (*liabilityReply, error) {
		l, err := s.Liability(ctx)
		if err != nil {
			return nil, err
		}
		return &liabilityReply{Body: liabilityOf(l)}, nil
	})

	web.Get(r, "/reports/points-liability.csv", web.Staff(staff.ReportsRead), web.Doc{
		ID: "points-liability-csv", Summary: "积分负债(CSV)", Tag: "报表",
	}, func(ctx context.Context, _ *struct{}) (*csvReply, error) {
		l, err := s.Liability(ctx)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := l.WriteCSV(&text); err != nil {
			return nil, err
		}
		return &csvReply{"text/csv; charset=utf-8", `attachment; filename="points-liability.csv"`, text.Bytes()}, nil
	})
}

type csvReply struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

type liabilityReply struct{ Body liabilityView }

type liabilityView struct {
	AsOf              time.Time      `json:"as_of"`
	Zone              string         `json:"zone" example:"Asia/Shanghai"`
	Rows              []liabilityRow `json:"rows"`
	Outstanding       model.Points   `json:"outstanding" doc:"未使用积分合计"`
	CostFen           model.Fen      `json:"cost_fen" doc:"各行之和"`
	CostFenPerHundred model.Fen      `json:"cost_fen_per_hundred" doc:"每百积分成本"`
	Debt              model.Points   `json:"debt" doc:"会员所欠积分,未从合计中扣除"`
	Earned            model.Points   `json:"earned" doc:"累计发放"`
	Spent             model.Points   `json:"spent" doc:"累计使用"`
	Expired           model.Points   `json:"expired" doc:"累计过期"`
	Breakage          float64        `json:"breakage" doc:"expired / (spent + expired), 0 to 1"`
}

type liabilityRow struct {
	Month   string       `json:"month" doc:"最后可用日所在月份 2026-12,或 never、awaiting(待订单完成)、held(冻结中)"`
	Active  model.Points `json:"active"`
	Pending model.Points `json:"pending"`
	Points  model.Points `json:"points"`
	CostFen model.Fen    `json:"cost_fen"`
}

func liabilityOf(l analytics.Liability) liabilityView {
	v := liabilityView{l.AsOf, l.Zone, make([]liabilityRow, len(l.Rows)), l.Outstanding, l.CostFen, l.CostPerHundred, l.Debt, l.Earned, l.Spent, l.Expired, l.Breakage}
	for i, r := range l.Rows {
		v.Rows[i] = liabilityRow(r)
	}
	return v
}
