package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/payments"
	"huitou/service/staff"
)

// MembershipCards declares what staff do about members' cards: look at one, make codes, give money back.
func MembershipCards(r *web.Routes, s *memberships.Service) {
	membershipCodes(r, s)
	membershipRefunds(r, s)

	web.Get(r, "/members/{id}/membership", web.Staff(staff.MembersRead), web.Doc{
		ID: "member-membership", Summary: "会员的会员卡与会员期", Tag: "会员卡", Errors: []*fault.Fault{db.ErrCursor, members.ErrUnknown},
	}, func(ctx context.Context, in *memberCardIn) (*memberCardOut, error) {
		card, periods, next, err := s.MemberCard(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		return &memberCardOut{Body: memberCardOf(card, periods, next)}, nil
	})
}

func membershipCodes(r *web.Routes, s *memberships.Service) {
	web.Post(r, "/membership-plans/{id}/code-batches", web.Staff(staff.PlansManage), web.Doc{
		ID: "make-membership-codes", Summary: "生成一批会员卡卡密;CSV 只在此时给出一次,系统只存哈希", Tag: "会员卡", Status: http.StatusCreated,
		Produces: "text/csv", Errors: []*fault.Fault{fault.ErrInvalid, memberships.ErrPlanUnknown, memberships.ErrBatchKnown},
	}, func(ctx context.Context, in *makeMembershipCodesIn) (*membershipCodesCSV, error) {
		b, codes, err := s.MakeCodes(ctx, memberships.NewCodes{Staff: web.Actor(ctx).ID, Plan: in.ID, Quantity: in.Body.Quantity,
			ValidUntil: in.Body.ValidUntil, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &membershipCodesCSV{ContentType: "text/csv; charset=utf-8", Batch: string(b.ID), CacheControl: "no-store",
			Body: codesCSV(codes)}, nil
	})

	web.Get(r, "/membership-code-batches", web.Staff(staff.PlansManage), web.Doc{
		ID: "list-membership-codes", Summary: "卡密批次与已用数量", Tag: "会员卡", Errors: []*fault.Fault{memberships.ErrPlanUnknown},
	}, func(ctx context.Context, in *membershipBatchesIn) (*membershipBatchesOut, error) {
		list, err := s.CodeBatches(ctx, in.Plan)
		if err != nil {
			return nil, err
		}
		out := &membershipBatchesOut{}
		out.Body.Batches = make([]membershipBatch, len(list))
		for i, b := range list {
			out.Body.Batches[i] = membershipBatch{b.ID, b.Plan, b.PlanName, b.Quantity, b.Used, b.Note, b.ValidUntil, b.CreatedAt, b.ClosedAt}
		}
		return out, nil
	})

	web.Post(r, "/membership-code-batches/{id}/close", web.Staff(staff.PlansManage), web.Doc{
		ID: "close-membership-codes", Summary: "作废一批中未用的卡密;已激活的会员期不受影响", Tag: "会员卡", Status: http.StatusNoContent,
		Errors: []*fault.Fault{memberships.ErrBatchUnknown},
	}, func(ctx context.Context, in *membershipBatchIn) (*struct{}, error) {
		return nil, s.CloseCodes(ctx, web.Actor(ctx).ID, in.ID)
	})
}

func membershipRefunds(r *web.Routes, s *memberships.Service) {
	web.Get(r, "/membership-orders/{number}/refund", web.Staff(staff.MembershipsRefund), web.Doc{
		ID: "quote-any-membership-refund", Summary: "会员卡订单现在可退多少", Tag: "会员卡",
		Errors: []*fault.Fault{memberships.ErrUnknown, memberships.ErrNotActive},
	}, func(ctx context.Context, in *cardQuoteIn) (*cardQuoteOut, error) {
		q, err := s.StaffRefundQuote(ctx, in.Number, in.Policy)
		if err != nil {
			return nil, err
		}
		return &cardQuoteOut{Body: cardQuoteOf(q)}, nil
	})

	web.Post(r, "/membership-orders/{number}/refund", web.Staff(staff.MembershipsRefund), web.Doc{
		ID: "refund-any-membership", Summary: "退会员卡:可不按方案的退款规则,须写明原因;超出单人额度的须两人复核", Tag: "会员卡",
		Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{fault.ErrInvalid, memberships.ErrUnknown, memberships.ErrNotActive, memberships.ErrNothingLeft, memberships.ErrNeedsTwo,
			payments.ErrRefundTooMuch, payments.ErrRefundTooMany, payments.ErrRefundTooLate},
	}, func(ctx context.Context, in *cardRefundIn) (*cardRefundOut, error) {
		refund, err := s.AskRefund(ctx, memberships.AskRefund{Staff: web.Actor(ctx).ID, Number: in.Number, Policy: in.Body.Policy, Reason: in.Body.Reason})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, refund.Replayed)
		out := &cardRefundOut{Status: http.StatusCreated, Body: cardRefundOf(refund)}
		if refund.Replayed {
			out.Status = http.StatusOK
		}
		return out, nil
	})

	web.Get(r, "/membership-refunds", web.Staff(staff.MembershipsRefund), web.Doc{
		ID: "list-membership-refunds", Summary: "会员卡退款,新的在前", Tag: "会员卡", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *cardRefundsIn) (*cardRefundsOut, error) {
		list, next, err := s.Refunds(ctx, in.State, in.Page())
		if err != nil {
			return nil, err
		}
		out := &cardRefundsOut{}
		out.Body.Next, out.Body.Refunds = next, make([]cardRefund, len(list))
		for i, r := range list {
			out.Body.Refunds[i] = cardRefundOf(r)
		}
		return out, nil
	})
}

type memberCardIn struct {
	ID model.MemberID `path:"id" minimum:"1"`
	web.Paged
}

type memberCardOut struct{ Body memberCard }

type memberCard struct {
	Active         bool               `json:"active"`
	Plan           string             `json:"plan,omitempty"`
	Until          string             `json:"until,omitempty" doc:"不含;终身卡没有"`
	DaysLeft       int                `json:"days_left"`
	Lifetime       bool               `json:"lifetime"`
	Benefits       []string           `json:"benefits"`
	SavedFen       model.Fen          `json:"saved_fen"`
	ToBreakEvenFen model.Fen          `json:"to_break_even_fen"`
	FreightLeft    int                `json:"free_freight_left" doc:"本月剩余免运费次数"`
	Refunding      bool               `json:"refunding"`
	GraceUntil     string             `json:"grace_until,omitempty" doc:"宽限期结束日(不含)"`
	Periods        []memberCardPeriod `json:"periods"`
	Next           string             `json:"next,omitempty" doc:"下一页的 cursor"`
}

type memberCardPeriod struct {
	ID        model.MembershipID `json:"id"`
	Plan      string             `json:"plan"`
	From      string             `json:"from"`
	To        string             `json:"to,omitempty" doc:"不含;终身卡没有"`
	Origin    memberships.Origin `json:"origin" enum:"bought,code,given"`
	State     memberships.Fate   `json:"state" enum:"coming,running,over,cut,revoked"`
	PriceFen  model.Fen          `json:"price_fen"`
	SavedFen  model.Fen          `json:"saved_fen"`
	Order     model.PublicID     `json:"order,omitempty"`
	CreatedAt time.Time          `json:"created_at"`
}

func memberCardOf(c memberships.Card, list []memberships.Period, next string) memberCard {
	v := memberCard{
		Active: c.Active, Plan: c.Plan, Until: lastDay(c.Until), DaysLeft: c.DaysLeft, Lifetime: c.Lifetime, Benefits: c.Benefits, SavedFen: c.Saved,
		ToBreakEvenFen: c.ToBreakEven, FreightLeft: max(0, c.FreeFreight-c.FreightUsed), Refunding: c.Refunding, GraceUntil: c.GraceUntil.String(),
		Periods: make([]memberCardPeriod, len(list)), Next: next,
	}
	if v.Benefits == nil {
		v.Benefits = []string{}
	}
	for i, p := range list {
		v.Periods[i] = memberCardPeriod{p.ID, p.Plan, p.From.String(), lastDay(p.To), p.Origin, p.Fate, p.Price, p.Saved, p.Order, p.CreatedAt}
	}
	return v
}

// lastDay leaves the end of a lifetime out: there is none.
func lastDay(d model.Day) string {
	if d == model.Forever {
		return ""
	}
	return d.String()
}

type makeMembershipCodesIn struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Quantity   int64      `json:"quantity" minimum:"1" maximum:"10000"`
		ValidUntil *time.Time `json:"valid_until,omitempty" doc:"不含;不填为长期有效"`
		Note       string     `json:"note" minLength:"1" maxLength:"60" doc:"批次名;同一方案不可重名,因此重复提交不会多生成"`
	}
}

type membershipCodesCSV struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Batch        string `header:"X-Membership-Batch" doc:"批次 id"`
	Body         []byte
}

type membershipBatchesIn struct {
	Plan model.PublicID `query:"plan" maxLength:"24" pattern:"^[0-9a-z]*$" doc:"方案 id;不填为全部"`
}

type membershipBatchIn struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type membershipBatchesOut struct {
	Body struct {
		Batches []membershipBatch `json:"batches"`
	}
}

type membershipBatch struct {
	ID         model.PublicID `json:"id"`
	Plan       model.PublicID `json:"plan"`
	PlanName   string         `json:"plan_name"`
	Quantity   int64          `json:"quantity"`
	Used       int64          `json:"used"`
	Note       string         `json:"note"`
	ValidUntil *time.Time     `json:"valid_until,omitempty"`
	CreatedAt  time.Time      `json:"created_at"`
	ClosedAt   *time.Time     `json:"closed_at,omitempty"`
}

type cardQuoteIn struct {
	Number model.PublicID     `path:"number" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Policy model.RefundPolicy `query:"policy" enum:"whole,prorated" doc:"不填按方案的规则"`
}

type cardQuoteOut struct{ Body cardQuote }

type cardQuote struct {
	Number     model.PublicID     `json:"number"`
	Plan       string             `json:"plan"`
	Policy     model.RefundPolicy `json:"policy" enum:"whole,prorated"`
	PriceFen   model.Fen          `json:"price_fen"`
	TotalDays  int64              `json:"total_days"`
	UnusedDays int64              `json:"unused_days"`
	TakenFen   model.Fen          `json:"taken_fen" doc:"已享受的优惠"`
	AmountFen  model.Fen          `json:"amount_fen" doc:"可退金额"`
	Reason     string             `json:"reason,omitempty" doc:"会员自己不能申请的原因代码"`
	Refund     *cardRefund        `json:"refund,omitempty" doc:"已申请的退款"`
}

func cardQuoteOf(q memberships.Quote) cardQuote {
	v := cardQuote{Number: q.Number, Plan: q.Plan, Policy: q.Policy, PriceFen: q.Price, TotalDays: q.TotalDays, UnusedDays: q.UnusedDays,
		TakenFen: q.Taken, AmountFen: q.Amount}
	if f := fault.Of(q.Refusal); f != nil {
		v.Reason = f.Code
	}
	if q.Asked != nil {
		r := cardRefundOf(*q.Asked)
		v.Refund = &r
	}
	return v
}

type cardRefundIn struct {
	Number model.PublicID `path:"number" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body   struct {
		Policy model.RefundPolicy `json:"policy,omitempty" enum:"whole,prorated" doc:"不填按方案的规则;方案不支持退款时按未用天数"`
		Reason string             `json:"reason" minLength:"1" maxLength:"80"`
	}
}

type cardRefundOut struct {
	Status int // 201 for a new refund, 200 for one that was asked for before
	Body   cardRefund
}

type cardRefund struct {
	ID         model.PublicID               `json:"id"`
	Number     model.PublicID               `json:"number"`
	MemberID   model.MemberID               `json:"member_id"`
	Policy     model.RefundPolicy           `json:"policy" enum:"whole,prorated"`
	PriceFen   model.Fen                    `json:"price_fen"`
	TotalDays  int64                        `json:"total_days"`
	UnusedDays int64                        `json:"unused_days"`
	TakenFen   model.Fen                    `json:"taken_fen"`
	AmountFen  model.Fen                    `json:"amount_fen"`
	AsOf       string                       `json:"as_of" doc:"申请日,当天算已用"`
	Origin     model.MembershipRefundOrigin `json:"origin" enum:"shopper,staff,elsewhere"`
	Reason     string                       `json:"reason,omitempty"`
	State      model.MembershipRefundState  `json:"state" enum:"requested,settled,dropped" doc:"settled 表示已到账,会员期已调整"`
	CreatedAt  time.Time                    `json:"created_at"`
	SettledAt  *time.Time                   `json:"settled_at,omitempty"`
}

func cardRefundOf(r memberships.Refund) cardRefund {
	return cardRefund{r.ID, r.Number, r.Member, r.Policy, r.Price, r.TotalDays, r.UnusedDays, r.Taken, r.Amount, r.AsOf.String(), r.Origin, r.Reason,
		r.State, r.CreatedAt, r.SettledAt}
}

type cardRefundsIn struct {
	State model.MembershipRefundState `query:"state" enum:"requested,settled,dropped" doc:"不填为全部"`
	web.Paged
}

type cardRefundsOut struct {
	Body struct {
		Refunds []cardRefund `json:"refunds"`
		Next    string       `json:"next,omitempty" doc:"下一页的 cursor"`
	}
}
