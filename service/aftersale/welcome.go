package aftersale

import (
	"context"

	"huitou/model/db"
	"huitou/wechat"
)

// Welcome returns what somebody sees at once who follows or scans a parcel's code, by where he came from. It only reads, and
// never shows anything of an order.
func (s *Service) Welcome(ctx context.Context, p wechat.Push) (wechat.Reply, error) {
	if p.Event != wechat.EventSubscribe && p.Event != wechat.EventScan {
		return wechat.Reply{}, nil
	}
	parcel := false
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		_, parcel, err = codeIn(tx, p.Scene)
		return err
	})
	if err != nil {
		return wechat.Reply{}, err
	}
	switch {
	case parcel && p.Event == wechat.EventScan:
		return wechat.Text(s.Texts.ParcelScan), nil
	case p.Event == wechat.EventScan:
		return wechat.Reply{}, nil
	case parcel:
		return wechat.Text(s.Texts.ParcelFollow), nil
	}
	return wechat.Text(s.Texts.Welcome), nil
}
