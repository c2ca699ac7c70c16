package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/orders"
	"huitou/service/staff"
)

// ParcelSheets declares how staff print cards for parcels: sheets of thousands as PDF, or one card for a printer of labels.
func ParcelSheets(r *web.Routes, s *aftersale.Service) {
	web.Post(r, "/parcel-sheets", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "make-parcel-sheet", Summary: "批量制作包裹卡:最多 5000 个订单一批(小程序码 1000 个),后台生成,做好后下载 PDF", Tag: "售后", Status: http.StatusAccepted, MaxBody: 2 << 20,
		Errors: []*fault.Fault{fault.ErrInvalid, aftersale.ErrPolicy, aftersale.ErrSheetLarge, aftersale.ErrSheetsWaiting, aftersale.ErrSheetsDay, db.ErrKeyReused},
	}, func(ctx context.Context, in *makeSheetRequest) (*sheetReply, error) {
		list := make([]aftersale.OrderRef, len(in.Body.Orders))
		for i, o := range in.Body.Orders {
			list[i] = aftersale.OrderRef{Source: o.Source, Number: o.Number}
		}
		v, err := s.MakeSheet(ctx, aftersale.NewSheet{Staff: web.Actor(ctx).ID, Orders: list, Code: in.Body.Code, Layout: in.Body.Layout,
			Design: aftersale.Design{Shop: in.Body.Shop, Title: in.Body.Title, Hint: in.Body.Hint}, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, v.Replayed)
		return &sheetReply{Body: sheetOf(v)}, nil
	})
	web.Get(r, "/parcel-sheets", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "list-parcel-sheets", Summary: "包裹卡批次,新的在前", Tag: "售后", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *sheetsRequest) (*sheetsReply, error) {
		list, next, err := s.Sheets(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		out := &sheetsReply{}
		out.Body.Sheets, out.Body.Next = make([]sheetOfCards, len(list)), next
		for i, v := range list {
			out.Body.Sheets[i] = sheetOf(v)
		}
		return out, nil
	})
	web.Get(r, "/parcel-sheets/{id}", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "parcel-sheet", Summary: "一批包裹卡的进度", Tag: "售后", Errors: []*fault.Fault{aftersale.ErrSheetUnknown},
	}, func(ctx context.Context, in *sheetRequest) (*sheetReply, error) {
		v, err := s.Sheet(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &sheetReply{Body: sheetOf(v)}, nil
	})
	web.Get(r, "/parcel-sheets/{id}/refusals", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "parcel-sheet-refusals", Summary: "一批包裹卡中没有做成的订单与原因", Tag: "售后", Errors: []*fault.Fault{aftersale.ErrSheetUnknown, aftersale.ErrSheetOld, db.ErrCursor},
	}, func(ctx context.Context, in *sheetRefusalsRequest) (*sheetRefusalsReply, error) {
		list, next, err := s.Refusals(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		out := &sheetRefusalsReply{}
		out.Body.Refusals, out.Body.Next = make([]sheetRefusal, len(list)), next
		for i, v := range list {
			out.Body.Refusals[i] = sheetRefusal{v.Line, v.Source, v.Number, v.Why}
		}
		return out, nil
	})
	web.Get(r, "/parcel-sheets/{id}/file", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "parcel-sheet-file", Summary: "下载一批包裹卡(PDF,带裁切线)", Tag: "售后", Produces: "application/pdf",
		Errors: []*fault.Fault{aftersale.ErrSheetUnknown, aftersale.ErrSheetNotReady, aftersale.ErrSheetOld, aftersale.ErrPrinting},
	}, func(ctx context.Context, in *sheetRequest) (*fileReply, error) {
		file, err := s.SheetFile(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &fileReply{"application/pdf", "no-store", `attachment; filename="parcel-cards-` + string(in.ID) + `.pdf"`, file}, nil
	})
	web.Post(r, "/parcel-cards", web.Staff(staff.ParcelsMake), web.Doc{
		ID: "print-parcel-card", Summary: "打印一张包裹卡(PNG),供标签打印机使用", Tag: "售后", Produces: "image/png",
		Errors: []*fault.Fault{fault.ErrInvalid, aftersale.ErrPolicy, orders.ErrUnknown, aftersale.ErrNoParcel, aftersale.ErrQR, aftersale.ErrMiniPage, aftersale.ErrMiniQuota},
	}, func(ctx context.Context, in *printCardRequest) (*fileReply, error) {
		b := in.Body
		file, err := s.Card(ctx, aftersale.PrintCard{MakeParcelCode: aftersale.MakeParcelCode{Staff: web.Actor(ctx).ID, Source: b.Source, Number: b.Number},
			Code: b.Code, Layout: b.Layout, DPI: b.DPI, Design: aftersale.Design{Shop: b.Shop, Title: b.Title, Hint: b.Hint}})
		if err != nil {
			return nil, err
		}
		return &fileReply{"image/png", "no-store", `inline; filename="parcel-card.png"`, file}, nil
	})
}

type sheetRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type orderOfSheet struct {
	Source string `json:"source" minLength:"1" maxLength:"64" doc:"shop system of the order"`
	Number string `json:"number" minLength:"1" maxLength:"64" doc:"order number there"`
}

type makeSheetRequest struct {
	web.Idempotent
	Body struct {
		Orders []orderOfSheet        `json:"orders" minItems:"1" maxItems:"5000" doc:"the cards stand in this order"`
		Layout string                `json:"layout,omitempty" enum:"a4x10,a4x21,label" doc:"a4x10 (the default): 90 x 54 mm; a4x21: 64 x 38 mm; label: one of 60 x 40 mm on each page"`
		Code   model.ParcelSheetCode `json:"code,omitempty" enum:"link,account,mini" doc:"link (the default) works for ever and needs no call to WeChat; account is the official account's own code, which works 30 days; mini is the mini-program's, at most 1000 on a sheet, which can be printed for 30 days"`
		Shop   string                `json:"shop" minLength:"1" maxLength:"30"`
		Title  string                `json:"title" minLength:"1" maxLength:"30"`
		Hint   string                `json:"hint,omitempty" maxLength:"80" doc:"nothing may be promised for following, sharing or praise"`
	}
}

type printCardRequest struct {
	Body struct {
		Source string                `json:"source" minLength:"1" maxLength:"64" doc:"shop system of the order"`
		Number string                `json:"number" minLength:"1" maxLength:"64" doc:"order number there"`
		Layout string                `json:"layout,omitempty" enum:"a4x10,a4x21,label" doc:"label is the default"`
		DPI    int                   `json:"dpi,omitempty" enum:"203,300" doc:"203 is the default"`
		Code   model.ParcelSheetCode `json:"code,omitempty" enum:"link,account,mini" doc:"link (the default) works for ever and needs no call to WeChat; account is the official account's own code, which works 30 days; mini is the mini-program's, at most 1000 on a sheet, which can be printed for 30 days"`
		Shop   string                `json:"shop" minLength:"1" maxLength:"30"`
		Title  string                `json:"title" minLength:"1" maxLength:"30"`
		Hint   string                `json:"hint,omitempty" maxLength:"80" doc:"nothing may be promised for following, sharing or praise"`
	}
}

type sheetReply struct{ Body sheetOfCards }

type sheetOfCards struct {
	ID         model.PublicID         `json:"id"`
	State      model.ParcelSheetState `json:"state" enum:"queued,working,ready,failed"`
	Reason     string                 `json:"reason" doc:"code of why it failed, or why it stands still; empty otherwise"`
	Code       model.ParcelSheetCode  `json:"code" enum:"link,account,mini"`
	Layout     string                 `json:"layout"`
	Shop       string                 `json:"shop"`
	Title      string                 `json:"title"`
	Hint       string                 `json:"hint"`
	Total      int64                  `json:"total"`
	Ready      int64                  `json:"ready"`
	Refused    int64                  `json:"refused"`
	CreatedAt  time.Time              `json:"created_at"`
	FinishedAt *time.Time             `json:"finished_at"`
}

func sheetOf(v aftersale.Sheet) sheetOfCards {
	return sheetOfCards{v.ID, v.State, v.Reason, v.Code, v.Layout, v.Shop, v.Title, v.Hint, v.Total, v.Ready, v.Refused, v.CreatedAt, v.FinishedAt}
}

type sheetsRequest struct {
	web.Paged
}

type sheetsReply struct {
	Body struct {
		Sheets []sheetOfCards `json:"sheets"`
		Next   string         `json:"next" doc:"cursor of the next page; empty on the last one"`
	}
}

type sheetRefusalsRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	web.Paged
}

type sheetRefusalsReply struct {
	Body struct {
		Refusals []sheetRefusal `json:"refusals" doc:"from the last line to the first"`
		Next     string         `json:"next"`
	}
}

type sheetRefusal struct {
	Line   int64  `json:"line" doc:"of the order in the list that was handed in, from 1"`
	Source string `json:"source"`
	Number string `json:"number"`
	Why    string `json:"why" doc:"orders.unknown, parcels.no_parcel or parcels.twice"`
}

type fileReply struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Disposition  string `header:"Content-Disposition"`
	Body         []byte
}
