package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/orders"
	"huitou/service/staff"
)

// Parcels declares how staff make the code on the card in a parcel.
func Parcels(r *web.Routes, s *aftersale.Service) {
	web.Post(r, "/parcel-codes", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "make-parcel-code", Summary: "生成包裹二维码;同一订单总是同一个码,图片过期前自动换新", Tag: "售后",
		Errors: []*fault.Fault{orders.ErrUnknown, aftersale.ErrNoParcel, aftersale.ErrQR},
	}, func(ctx context.Context, in *parcelCodeRequest) (*parcelCodeReply, error) {
		code, err := s.MakeParcelCode(ctx, aftersale.MakeParcelCode{
			Staff: web.Actor(ctx).ID, Source: in.Body.Source, Number: in.Body.Number,
		})
		if err != nil {
			return nil, err
		}
		return &parcelCodeReply{Body: parcelCodeView{
			code.Token, code.Scene, code.Ticket, code.URL, code.ImageURL, code.ExpiresAt, code.Scans, code.Follows,
		}}, nil
	})
	web.Get(r, "/parcel-codes", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "find-parcel-codes", Summary: "按包裹卡上印的卡号查订单", Tag: "售后", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *cardNumberRequest) (*cardOrdersReply, error) {
		list, err := s.ByCardNumber(ctx, in.TokenPrefix)
		if err != nil {
			return nil, err
		}
		out := &cardOrdersReply{}
		out.Body.Orders = make([]cardOrder, len(list))
		for i, c := range list {
			out.Body.Orders[i] = cardOrder{c.OrderID, c.Source, c.Number, c.MadeAt.UTC(), c.Scans, c.Follows}
		}
		return out, nil
	})
}

type cardNumberRequest struct {
	TokenPrefix string `query:"token_prefix" required:"true" minLength:"8" maxLength:"32" doc:"the number on the card, such as 3F7K-9QXA; case, dashes and spaces do not matter"`
}

type cardOrdersReply struct {
	Body struct {
		Orders []cardOrder `json:"orders" doc:"at most 20"`
	}
}

type cardOrder struct {
	OrderID model.OrderID `json:"order_id"`
	Source  string        `json:"source"`
	Number  string        `json:"number"`
	MadeAt  time.Time     `json:"made_at" doc:"when the card got its code"`
	Scans   int64         `json:"scans"`
	Follows int64         `json:"follows"`
}

type parcelCodeRequest struct {
	Body struct {
		Source string `json:"source" minLength:"1" maxLength:"64" doc:"shop system of the order"`
		Number string `json:"number" minLength:"1" maxLength:"64" doc:"order number there"`
	}
}

type parcelCodeReply struct{ Body parcelCodeView }

type parcelCodeView struct {
	Token     string    `json:"token"`
	Scene     string    `json:"scene" doc:"what WeChat tells when somebody scans"`
	Ticket    string    `json:"ticket" doc:"WeChat's name of the picture"`
	URL       string    `json:"url" doc:"what the picture says, for drawing it oneself"`
	ImageURL  string    `json:"image_url" doc:"WeChat's picture"`
	ExpiresAt time.Time `json:"expires_at" doc:"the picture works until then"`
	Scans     int64     `json:"scans"`
	Follows   int64     `json:"follows"`
}
