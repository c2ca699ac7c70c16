package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/staff"
)

// CouponChannels declares the ways by which staff bring coupons to members: codes, links, rules for events, and whether friends may
// pass them on.
func CouponChannels(r *web.Routes, s *coupons.Service) {
	couponCodes(r, s)
	couponLinks(r, s)
	couponRules(r, s)
	web.Put(r, "/coupon-templates/{id}/gifts", web.Staff(staff.CouponsManage), web.Doc{
		ID: "allow-coupon-gifts", Summary: "是否允许转赠;有人领取后只能放开", Tag: "优惠券", Status: http.StatusNoContent,
		Errors: []*fault.Fault{coupons.ErrTemplateUnknown, coupons.ErrTransferFixed},
	}, func(ctx context.Context, in *allowGiftsRequest) (*struct{}, error) {
		return nil, s.AllowGifts(ctx, web.Actor(ctx).ID, in.ID, in.Body.Allowed)
	})
}

func couponCodes(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/coupon-templates/{id}/code-batches", web.Staff(staff.CouponsManage), web.Doc{
		ID: "make-coupon-codes", Summary: "生成一批兑换码;CSV 只在此时给出一次,系统只存哈希", Tag: "优惠券", Status: http.StatusCreated,
		Produces: "text/csv",
		Errors: []*fault.Fault{fault.ErrInvalid, coupons.ErrTemplateUnknown, coupons.ErrNotIssuable, coupons.ErrDraft, coupons.ErrPaused,
			coupons.ErrEnded, coupons.ErrExported},
	}, func(ctx context.Context, in *makeCodesRequest) (*codesCSVReply, error) {
		b, codes, err := s.MakeCodes(ctx, coupons.NewCodes{Staff: web.Actor(ctx).ID, Template: in.ID, Quantity: in.Body.Quantity,
			ValidUntil: in.Body.ValidUntil, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &codesCSVReply{ContentType: "text/csv; charset=utf-8", Batch: string(b.ID), CacheControl: "no-store",
			Body: codesCSV(codes)}, nil
	})
	web.Get(r, "/coupon-templates/{id}/code-batches", web.Staff(staff.CouponsManage), web.Doc{
		ID: "list-coupon-codes", Summary: "兑换码批次与已用数量", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrTemplateUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*codeBatchesReply, error) {
		list, err := s.CodeBatches(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &codeBatchesReply{}
		out.Body.Batches = make([]codeBatchView, len(list))
		for i, b := range list {
			out.Body.Batches[i] = codeBatchView{b.ID, b.Quantity, b.Used, b.Note, b.ValidUntil, b.CreatedAt, b.ClosedAt}
		}
		return out, nil
	})
	web.Post(r, "/coupon-code-batches/{id}/close", web.Staff(staff.CouponsManage), web.Doc{
		ID: "close-coupon-codes", Summary: "作废一批中未用的兑换码", Tag: "优惠券", Status: http.StatusNoContent, Errors: []*fault.Fault{coupons.ErrBatchUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*struct{}, error) {
		return nil, s.CloseCodes(ctx, web.Actor(ctx).ID, in.ID)
	})
}

func couponLinks(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/coupon-templates/{id}/links", web.Staff(staff.CouponsManage), web.Doc{
		ID: "make-coupon-link", Summary: "生成领券链接;token 可作小程序码的 scene", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, coupons.ErrTemplateUnknown, coupons.ErrEnded, db.ErrKeyReused},
	}, func(ctx context.Context, in *makeLinkRequest) (*couponLinkReply, error) {
		l, err := s.MakeLink(ctx, coupons.NewLink{Staff: web.Actor(ctx).ID, Template: in.ID, Note: in.Body.Note, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, l.Replayed)
		return &couponLinkReply{Body: couponLinkView{l.Token, l.Template, l.Note, l.CreatedAt, l.ClosedAt}}, nil
	})
	web.Get(r, "/coupon-templates/{id}/links", web.Staff(staff.CouponsManage), web.Doc{
		ID: "list-coupon-links", Summary: "领券链接", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrTemplateUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*couponLinksReply, error) {
		list, err := s.Links(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &couponLinksReply{}
		out.Body.Links = make([]couponLinkView, len(list))
		for i, l := range list {
			out.Body.Links[i] = couponLinkView{l.Token, l.Template, l.Note, l.CreatedAt, l.ClosedAt}
		}
		return out, nil
	})
	web.Post(r, "/coupon-links/{id}/close", web.Staff(staff.CouponsManage), web.Doc{
		ID: "close-coupon-link", Summary: "停用领券链接", Tag: "优惠券", Status: http.StatusNoContent, Errors: []*fault.Fault{coupons.ErrLinkUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*struct{}, error) {
		return nil, s.CloseLink(ctx, web.Actor(ctx).ID, in.ID)
	})
}

func couponRules(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/coupon-rules", web.Staff(staff.CouponsManage), web.Doc{
		ID: "add-coupon-rule", Summary: "事件发券:随单、入会、升级、开卡、生日;随单也可发分享券包。关注公众号不得奖励", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, coupons.ErrFollowReward, coupons.ErrTemplateUnknown, coupons.ErrNotIssuable, coupons.ErrEnded, db.ErrKeyReused},
	}, func(ctx context.Context, in *addCouponRuleRequest) (*couponRuleReply, error) {
		b := in.Body
		rule, err := s.AddRule(ctx, coupons.NewRule{Staff: web.Actor(ctx).ID, Event: b.Event, Template: b.Template, MinFen: b.MinFen, Rank: b.Rank,
			PackSize: b.PackSize, PackHours: b.PackHours, DaysBefore: b.DaysBefore, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, rule.Replayed)
		return &couponRuleReply{Body: couponRule(rule)}, nil
	})
	web.Get(r, "/coupon-rules", web.Staff(staff.CouponsManage), web.Doc{ID: "list-coupon-rules", Summary: "事件发券规则", Tag: "优惠券"},
		func(ctx context.Context, _ *struct{}) (*couponRulesReply, error) {
			list, err := s.Rules(ctx)
			if err != nil {
				return nil, err
			}
			out := &couponRulesReply{}
			out.Body.Rules = make([]couponRuleView, len(list))
			for i, rule := range list {
				out.Body.Rules[i] = couponRule(rule)
			}
			return out, nil
		})
	web.Post(r, "/coupon-rules/{id}/end", web.Staff(staff.CouponsManage), web.Doc{
		ID: "end-coupon-rule", Summary: "结束发券规则", Tag: "优惠券", Status: http.StatusNoContent, Errors: []*fault.Fault{coupons.ErrRuleUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*struct{}, error) {
		return nil, s.EndRule(ctx, web.Actor(ctx).ID, in.ID)
	})
}

type allowGiftsRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Allowed bool `json:"allowed"`
	}
}

type makeCodesRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Quantity   int64      `json:"quantity" minimum:"1" maximum:"100000"`
		ValidUntil *time.Time `json:"valid_until,omitempty" doc:"exclusive; none is without end"`
		Note       string     `json:"note" minLength:"1" maxLength:"200" doc:"name of the batch; a template has one of a name, so that a repetition makes no second one"`
	}
}

// codesCSV is a file with one column, as spreadsheets open it.
func codesCSV(codes []string) []byte {
	return []byte("code\r\n" + strings.Join(codes, "\r\n") + "\r\n")
}

type codesCSVReply struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Batch        string `header:"X-Coupon-Batch" doc:"id of the batch"`
	Body         []byte
}

type codeBatchesReply struct {
	Body struct {
		Batches []codeBatchView `json:"batches"`
	}
}

type codeBatchView struct {
	ID         model.PublicID `json:"id"`
	Quantity   int64          `json:"quantity"`
	Used       int64          `json:"used"`
	Note       string         `json:"note"`
	ValidUntil *time.Time     `json:"valid_until"`
	CreatedAt  time.Time      `json:"created_at"`
	ClosedAt   *time.Time     `json:"closed_at"`
}

type makeLinkRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"where it hangs"`
	}
}

type couponLinkReply struct{ Body couponLinkView }

type couponLinksReply struct {
	Body struct {
		Links []couponLinkView `json:"links"`
	}
}

type couponLinkView struct {
	Token     model.PublicID `json:"id" doc:"what the link carries"`
	Template  model.PublicID `json:"template"`
	Note      string         `json:"note"`
	CreatedAt time.Time      `json:"created_at"`
	ClosedAt  *time.Time     `json:"closed_at"`
}

type addCouponRuleRequest struct {
	web.Idempotent
	Body struct {
		Event      model.CouponEvent `json:"event" enum:"order_paid,joined,tier_reached,card_bought,birthday,followed" doc:"followed is refused: the platform forbids a reward for following"`
		Template   model.PublicID    `json:"template" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
		MinFen     model.Fen         `json:"min_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"order_paid: what the order must have cost at least"`
		Rank       int64             `json:"rank,omitempty" minimum:"0" maximum:"100" doc:"tier_reached: only this level, 1 is the lowest; 0 is every one"`
		PackSize   int64             `json:"pack_size,omitempty" minimum:"0" maximum:"20" doc:"order_paid: coupons that the buyer may pass on instead of one for himself"`
		PackHours  int64             `json:"pack_hours,omitempty" minimum:"0" maximum:"720" doc:"how long friends can take from the pack"`
		DaysBefore int64             `json:"days_before,omitempty" minimum:"0" maximum:"30" doc:"birthday: so many days ahead; 0 is on the day"`
	}
}

type couponRuleReply struct{ Body couponRuleView }

type couponRulesReply struct {
	Body struct {
		Rules []couponRuleView `json:"rules"`
	}
}

type couponRuleView struct {
	ID         model.PublicID    `json:"id"`
	Event      model.CouponEvent `json:"event" enum:"order_paid,joined,tier_reached,card_bought,birthday"`
	Template   model.PublicID    `json:"template"`
	MinFen     model.Fen         `json:"min_fen"`
	Rank       int64             `json:"rank"`
	PackSize   int64             `json:"pack_size"`
	PackHours  int64             `json:"pack_hours"`
	DaysBefore int64             `json:"days_before"`
	CreatedAt  time.Time         `json:"created_at"`
	EndedAt    *time.Time        `json:"ended_at"`
}

func couponRule(r coupons.Rule) couponRuleView {
	return couponRuleView{r.ID, r.Event, r.Template, r.MinFen, r.Rank, r.PackSize, r.PackHours, r.DaysBefore, r.CreatedAt, r.EndedAt}
}
