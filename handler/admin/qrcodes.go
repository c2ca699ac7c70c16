package admin

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/qrcodes"
	"huitou/service/staff"
	"huitou/wechat"
)

// QRCodes declares how staff make the codes of stores, of themselves and of campaigns, and see who came by them.
func QRCodes(r *web.Routes, s *qrcodes.Service) {
	web.Post(r, "/qrcodes", web.Staff(staff.QRCodesMake), web.Doc{
		ID: "make-qrcode", Summary: "生成门店、员工或活动二维码;普通员工只能生成本人的临时码。微信暂时出不了图时,用同一请求标识重试即可续做", Tag: "渠道二维码",
		Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, qrcodes.ErrNotYours, qrcodes.ErrMany, qrcodes.ErrPermanentFull, qrcodes.ErrPicture, qrcodes.ErrQuota, db.ErrKeyReused},
	}, func(ctx context.Context, in *makeQRCodeRequest) (*qrcodeReply, error) {
		b := in.Body
		c, err := s.Make(ctx, qrcodes.NewCode{By: by(ctx), Kind: b.Kind, Name: b.Name, Ref: b.Ref, Permanent: b.Permanent,
			TTL: time.Duration(b.TTLSeconds) * time.Second, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, c.Replayed)
		return &qrcodeReply{qrcodeOf(c)}, nil
	})

	web.Get(r, "/qrcodes", web.Staff(staff.QRCodesRead), web.Doc{
		ID: "list-qrcodes", Summary: "渠道二维码与累计数据,新的在前", Tag: "渠道二维码", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *listQRCodesRequest) (*qrcodesReply, error) {
		list, next, err := s.List(ctx, qrcodes.Filter{Kind: in.Kind, Ref: in.Ref, Stopped: in.Stopped}, in.Page())
		if err != nil {
			return nil, err
		}
		out := &qrcodesReply{}
		out.Body.Next, out.Body.QRCodes = next, make([]qrcodeView, len(list))
		for i, c := range list {
			out.Body.QRCodes[i] = qrcodeOf(c)
		}
		return out, nil
	})

	web.Get(r, "/qrcodes/{id}", web.Staff(staff.QRCodesRead), web.Doc{
		ID: "qrcode", Summary: "一个渠道二维码", Tag: "渠道二维码", Errors: []*fault.Fault{qrcodes.ErrUnknown},
	}, func(ctx context.Context, in *qrcodeRequest) (*qrcodeReply, error) {
		c, err := s.One(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &qrcodeReply{qrcodeOf(c)}, nil
	})

	web.Patch(r, "/qrcodes/{id}", web.Staff(staff.QRCodesMake), web.Doc{
		ID: "rename-qrcode", Summary: "修改二维码名称", Tag: "渠道二维码", Errors: []*fault.Fault{fault.ErrInvalid, qrcodes.ErrUnknown, qrcodes.ErrNotYours},
	}, func(ctx context.Context, in *renameQRCodeRequest) (*qrcodeReply, error) {
		c, err := s.Rename(ctx, by(ctx), in.ID, in.Body.Name)
		if err != nil {
			return nil, err
		}
		return &qrcodeReply{qrcodeOf(c)}, nil
	})

	web.Post(r, "/qrcodes/{id}/stop", web.Staff(staff.QRCodesMake), web.Doc{
		ID: "stop-qrcode", Summary: "停用二维码:不再作为来源,扫码仍计数;微信侧无法删除,停用后不能恢复", Tag: "渠道二维码",
		Errors: []*fault.Fault{qrcodes.ErrUnknown, qrcodes.ErrNotYours},
	}, func(ctx context.Context, in *qrcodeRequest) (*qrcodeReply, error) {
		c, err := s.Stop(ctx, by(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &qrcodeReply{qrcodeOf(c)}, nil
	})

	web.Post(r, "/qrcodes/{id}/renew", web.Staff(staff.QRCodesMake), web.Doc{
		ID: "renew-qrcode", Summary: "临时码到期前换新图,重新计算有效期;场景不变,旧图到期前仍有效", Tag: "渠道二维码",
		Errors: []*fault.Fault{qrcodes.ErrUnknown, qrcodes.ErrNotYours, qrcodes.ErrStopped, qrcodes.ErrPermanentFull, qrcodes.ErrOften, qrcodes.ErrPicture, qrcodes.ErrQuota},
	}, func(ctx context.Context, in *qrcodeRequest) (*qrcodeReply, error) {
		c, err := s.Renew(ctx, by(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &qrcodeReply{qrcodeOf(c)}, nil
	})

	qrcodePicture(r, s)
	qrcodeStatistics(r, s)
}

func qrcodePicture(r *web.Routes, s *qrcodes.Service) {
	web.Get(r, "/qrcodes/{id}/picture", web.Staff(staff.QRCodesRead), web.Doc{
		ID: "qrcode-picture", Summary: "二维码图片:公众号码(PNG)或同一场景的小程序码(JPEG);临时码过期后自动换新", Tag: "渠道二维码", Status: http.StatusOK, Produces: "image/*",
		Errors: []*fault.Fault{qrcodes.ErrUnknown, qrcodes.ErrStopped, qrcodes.ErrPermanentFull, qrcodes.ErrOften, qrcodes.ErrPicture, qrcodes.ErrQuota},
	}, func(ctx context.Context, in *qrcodePictureRequest) (*pictureReply, error) {
		draw := s.AccountPicture
		if in.For == model.QRInMini {
			draw = s.MiniPicture
		}
		img, err := draw(ctx, in.ID, in.Width)
		if err != nil {
			return nil, err
		}
		return pictureOf(img), nil
	})
}

func qrcodeStatistics(r *web.Routes, s *qrcodes.Service) {
	statistics := func(ctx context.Context, in *qrcodeStatisticsRequest) (st qrcodes.Statistics, err error) {
		var days [2]model.Day
		for i, text := range []string{in.From, in.To} {
			if text == "" {
				continue
			}
			if days[i], err = model.ParseDay(text); err != nil {
				return st, fault.InvalidFields([]fault.Field{{Name: []string{"from", "to"}[i], Reason: "a day like 2026-11-21"}})
			}
		}
		return s.Statistics(ctx, in.ID, days[0], days[1])
	}
	web.Get(r, "/qrcodes/{id}/statistics", web.Staff(staff.QRCodesRead), web.Doc{
		ID: "qrcode-statistics", Summary: "二维码每日数据:扫码、新关注、取关与回流", Tag: "渠道二维码", Errors: []*fault.Fault{fault.ErrInvalid, qrcodes.ErrUnknown},
	}, func(ctx context.Context, in *qrcodeStatisticsRequest) (*qrcodeStatisticsReply, error) {
		st, err := statistics(ctx, in)
		if err != nil {
			return nil, err
		}
		out := &qrcodeStatisticsReply{Body: qrcodeStatisticsView{QRCode: qrcodeOf(st.Code), From: st.From, To: st.To, Zone: model.Shanghai.String(),
			Sum: qrcodeCounts(st.Sum), Days: make([]qrcodeDayView, len(st.Days))}}
		for i, d := range st.Days {
			out.Body.Days[i] = qrcodeDayView{d.Day, qrcodeCounts(d.QRCounts)}
		}
		return out, nil
	})
	web.Get(r, "/qrcodes/{id}/statistics.csv", web.Staff(staff.QRCodesRead), web.Doc{
		ID: "qrcode-statistics-csv", Summary: "二维码每日数据(CSV)", Tag: "渠道二维码", Status: http.StatusOK, Produces: "text/csv",
		Errors: []*fault.Fault{fault.ErrInvalid, qrcodes.ErrUnknown},
	}, func(ctx context.Context, in *qrcodeStatisticsRequest) (*csvReply, error) {
		st, err := statistics(ctx, in)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := st.WriteCSV(&text); err != nil {
			return nil, err
		}
		return &csvReply{"text/csv; charset=utf-8", `attachment; filename="qrcode-` + string(st.Code.ID) + `.csv"`, text.Bytes()}, nil
	})
}

// by is who asks for a code.
func by(ctx context.Context) qrcodes.By {
	a := web.Actor(ctx)
	return qrcodes.By{Staff: a.ID, Manages: a.May(staff.QRCodesManage)}
}

type makeQRCodeRequest struct {
	web.Idempotent
	Body struct {
		Kind       model.QRKind `json:"kind" enum:"store,staff,campaign"`
		Name       string       `json:"name" minLength:"1" maxLength:"30" example:"一号店门口"`
		Ref        string       `json:"ref" minLength:"1" maxLength:"64" doc:"the store's number, the id of the member of staff, or the campaign's name" example:"S-001"`
		Permanent  bool         `json:"permanent,omitempty" doc:"an account has 100,000 of them in its whole life, and none can be deleted"`
		TTLSeconds int64        `json:"ttl_seconds,omitempty" minimum:"0" maximum:"2592000" doc:"life of one picture; left out of a permanent code"`
	}
}

type listQRCodesRequest struct {
	Kind    model.QRKind `query:"kind" enum:"store,staff,campaign"`
	Ref     string       `query:"ref" maxLength:"64"`
	Stopped bool         `query:"stopped" doc:"those that were stopped as well"`
	web.Paged
}

type qrcodeRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type renameQRCodeRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"30"`
	}
}

type qrcodePictureRequest struct {
	ID    model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	For   model.QRApp    `query:"for" enum:"account,mini" default:"account"`
	Width int            `query:"width" minimum:"280" maximum:"1280" default:"430" doc:"pixels"`
}

type qrcodeStatisticsRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	From string         `query:"from" maxLength:"10" example:"2026-11-01" doc:"first day in Shanghai; left out: thirty days before to"`
	To   string         `query:"to" maxLength:"10" example:"2026-12-01" doc:"the day after the last; left out: tomorrow. At most 366 days after from"`
}

type qrcodeReply struct{ Body qrcodeView }

type qrcodesReply struct {
	Body struct {
		QRCodes []qrcodeView `json:"qrcodes"`
		Next    string       `json:"next" doc:"cursor of the next page; empty at the end"`
	}
}

type qrcodeView struct {
	ID         model.PublicID   `json:"id"`
	Kind       model.QRKind     `json:"kind"`
	Name       string           `json:"name"`
	Ref        string           `json:"ref"`
	Scene      string           `json:"scene" doc:"what WeChat tells when somebody scans, with either picture"`
	Permanent  bool             `json:"permanent"`
	TTLSeconds int64            `json:"ttl_seconds" doc:"0 of a permanent code"`
	URL        string           `json:"url" doc:"what the account's picture says, for drawing it oneself; empty until it was made"`
	ImageURL   string           `json:"image_url" doc:"WeChat's picture"`
	ExpiresAt  *time.Time       `json:"expires_at" doc:"the picture works until then; asking for it later makes a new one"`
	Figures    qrcodeCountsView `json:"figures"`
	CreatedBy  model.StaffID    `json:"created_by"`
	CreatedAt  time.Time        `json:"created_at"`
	StoppedAt  *time.Time       `json:"stopped_at"`
}

type qrcodeCountsView struct {
	Scans        int64 `json:"scans" doc:"of the account's picture"`
	Scanners     int64 `json:"scanners" doc:"people, on the day of their first scan"`
	Follows      int64 `json:"follows" doc:"people whose first follow ever came by this code"`
	Lost         int64 `json:"lost" doc:"of follows: those who do not follow now, on the day of their follow"`
	Returns      int64 `json:"returns" doc:"follows by people who had followed before"`
	MiniScans    int64 `json:"mini_scans" doc:"of the mini-program's picture, one a day and person"`
	MiniScanners int64 `json:"mini_scanners"`
}

type qrcodeStatisticsReply struct{ Body qrcodeStatisticsView }

type qrcodeStatisticsView struct {
	QRCode qrcodeView       `json:"qrcode"`
	From   model.Day        `json:"from" format:"date"`
	To     model.Day        `json:"to" format:"date" doc:"not included"`
	Zone   string           `json:"zone" example:"Asia/Shanghai"`
	Sum    qrcodeCountsView `json:"sum" doc:"of these days"`
	Days   []qrcodeDayView  `json:"days" doc:"every day, also those without anything"`
}

type qrcodeDayView struct {
	Day model.Day `json:"day" format:"date"`
	qrcodeCountsView
}

func qrcodeOf(c qrcodes.Code) qrcodeView {
	return qrcodeView{c.ID, c.Kind, c.Name, c.Ref, c.Scene, c.Permanent, int64(c.TTL / time.Second), c.URL, c.ImageURL, c.ExpiresAt,
		qrcodeCounts(c.QRCounts), c.CreatedBy, c.CreatedAt, c.StoppedAt}
}

func qrcodeCounts(n model.QRCounts) qrcodeCountsView { return qrcodeCountsView(n) }

type pictureReply struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// pictureOf lets nobody keep a picture: the next one may be another.
func pictureOf(img wechat.Image) *pictureReply { return &pictureReply{img.Type, "no-store", img.Bytes} }
