package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// MakeParcelCode asks for the code of an order's parcel.
type MakeParcelCode struct {
	Staff          model.StaffID
	Source, Number string // of the order
}

// ParcelCode is a code to print. The picture works until ExpiresAt; asking again later makes a new one.
type ParcelCode struct {
	Token     string
	Scene     string
	Ticket    string
	URL       string // what the picture says
	ImageURL  string
	ExpiresAt time.Time
	Scans     int64
	Follows   int64
}

// MakeParcelCode returns the code of an order, the same one however often it is asked for. It returns orders.ErrUnknown,
// ErrNoParcel for an order of something that is not sent, and ErrQR while WeChat does not make the picture; asking
// again then goes on where it stopped.
func (s *Service) MakeParcelCode(ctx context.Context, in MakeParcelCode) (ParcelCode, error) {
	var code model.ParcelCode
	err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		code, err = s.reserve(ctx, tx, in)
		return err
	})
	if err != nil {
		return ParcelCode{}, err
	}
	if code, err = s.picture(ctx, code, staffPicture); err != nil {
		return ParcelCode{}, err
	}
	return codeView(code), nil
}

// reserve finds or adds the order's code, without a picture yet.
func (s *Service) reserve(ctx context.Context, tx *db.Tx, in MakeParcelCode) (model.ParcelCode, error) {
	order, err := s.Orders.FindTx(ctx, tx, in.Source, in.Number)
	if err != nil {
		return model.ParcelCode{}, err
	}
	if order.Kind != model.OrderGoods {
		return model.ParcelCode{}, ErrNoParcel
	}
	code := model.ParcelCode{OrderID: order.ID, MemberID: order.Member, Token: newToken(), MadeBy: in.Staff, CreatedAt: tx.Now}
	fresh, err := tx.Insert(&code)
	if err != nil {
		return code, fmt.Errorf("add the parcel code of order %d: %w", order.ID, err)
	}
	if !fresh {
		return codeOfOrder(tx, order.ID)
	}
	return code, audit.Record(ctx, tx, audit.Entry{
		Staff: in.Staff, Action: "parcels.make", Ref: fmt.Sprintf("parcel:%d", code.ID), Detail: map[string]any{"order": order.ID},
	})
}

func codeView(c model.ParcelCode) ParcelCode {
	v := ParcelCode{
		Token: c.Token, Scene: sceneOf(c.Token), Ticket: c.Ticket, URL: c.URL, ImageURL: c.ImageURL, Scans: c.Scans, Follows: c.Follows,
	}
	if c.ExpiresAt != nil {
		v.ExpiresAt = *c.ExpiresAt
	}
	return v
}

// codeIn returns the code of a scene; ok is false when the scene is not of one of our parcels.
func codeIn(tx *db.Tx, scene string) (c model.ParcelCode, ok bool, err error) {
	token := tokenIn(scene)
	if token == "" {
		return c, false, nil
	}
	c, err = codeOfToken(tx, token)
	if errors.Is(err, errNoCode) {
		return c, false, nil
	}
	return c, err == nil, err
}
