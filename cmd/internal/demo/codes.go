package demo

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/qrcodes"
)

// hung are the codes that hang in the demo shop.
var hung = []qrcodes.NewCode{
	{Kind: model.QRStore, Name: "一号店门口", Ref: "S-001", TTL: 30 * 24 * time.Hour},
	{Kind: model.QRCampaign, Name: "秋茶海报", Ref: "秋茶上新", TTL: 30 * 24 * time.Hour},
}

// hangCodes gives the shop a code of a store and one of a campaign, for people to scan. The simulated WeChat remembers no picture from its
// last run, so each start makes new ones of the same scenes.
func (d *Demo) hangCodes(ctx context.Context) error {
	by := qrcodes.By{Staff: commandLine, Manages: true}
	for _, want := range hung {
		list, _, err := d.App.QRCodes.List(ctx, qrcodes.Filter{Kind: want.Kind, Ref: want.Ref, Stopped: true}, db.Page{Limit: 100})
		if err != nil {
			return fmt.Errorf("look for the code %s: %w", want.Name, err)
		}
		if len(list) == 0 {
			want.By = by
			if _, err := d.App.QRCodes.Make(ctx, want); err != nil {
				return fmt.Errorf("make the code %s: %w", want.Name, err)
			}
		}
		for _, c := range list {
			if c.StoppedAt != nil || c.Permanent {
				continue
			}
			if _, err := d.App.QRCodes.Renew(ctx, by, c.ID); err != nil {
				return fmt.Errorf("renew the code %s: %w", c.Name, err)
			}
		}
	}
	return nil
}
