package api

import (
	"context"
	"strings"

	"huitou/handler/web"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/service/qrcodes"
)

// Scans declares how the mini-program tells that it was opened by a code: one on a parcel, or one of a store, of staff, of a campaign.
func Scans(r *web.Routes, codes *qrcodes.Service, parcels *aftersale.Service) {
	web.Post(r, "/scans", web.Shopper, web.Doc{
		ID: "tell-scan", Summary: "扫码进入小程序后上报场景值;同一人同一码一天计一次,重复上报无影响。别人的包裹不会显示订单", Tag: "扫码",
		Errors: []*fault.Fault{qrcodes.ErrUnknown, qrcodes.ErrNotShopper, aftersale.ErrNoCard, members.ErrUnknown},
	}, func(ctx context.Context, in *scanRequest) (*scanReply, error) {
		me, scene := web.Member(ctx), in.Body.Scene
		if !strings.HasPrefix(scene, parcelScene) {
			kind, err := codes.ScanMini(ctx, qrcodes.MiniScan{Member: me, Scene: scene})
			if err != nil {
				return nil, err
			}
			return &scanReply{Body: scanView{Kind: string(kind)}}, nil
		}
		p, err := parcels.ScanMini(ctx, aftersale.MiniScan{Member: me, Scene: scene})
		if err != nil {
			return nil, err
		}
		out := scanView{Kind: "parcel"}
		if p.Own {
			out.Order = &scannedOrderView{p.Source, p.Number}
		}
		return &scanReply{Body: out}, nil
	})
}

// parcelScene is what the scenes of parcels begin with.
const parcelScene = "p_"

type scanRequest struct {
	Body struct {
		Scene string `json:"scene" minLength:"1" maxLength:"32" pattern:"^[0-9a-z_]+$" doc:"the scene of the start page, decoded"`
	}
}

type scanReply struct{ Body scanView }

type scanView struct {
	Kind  string            `json:"kind" enum:"store,staff,campaign,parcel"`
	Order *scannedOrderView `json:"order,omitempty" doc:"of a parcel that is the shopper's own"`
}

type scannedOrderView struct {
	Source string `json:"source"`
	Number string `json:"number"`
}
