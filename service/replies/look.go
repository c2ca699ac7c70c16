package replies

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/wechat"
)

const (
	// mostLooks is how many look-ups a person has in lookWindow.
	mostLooks  = 10
	lookWindow = time.Minute
	// mostOrders is how many of the latest orders are shown to who gives no number.
	mostOrders = 3

	// wordsNoOrder is for everything that is not an order of the writer's: unknown, somebody else's, and when he is not known himself.
	wordsNoOrder  = "没有查到您的这个订单。请核对订单号;若是用别的微信或手机号下的单,请先在小程序里绑定下单时的手机号。"
	wordsNoOrders = "还没有查到您的订单。若是用别的微信或手机号下的单,请先在小程序里绑定下单时的手机号。"
)

// ordersOf tells of the writer's own orders: of those whose numbers he gave, else of his latest.
func (s *Service) ordersOf(ctx context.Context, p wechat.Push) string {
	if s.tooMany(ctx, p) {
		return wordsTooMany
	}
	text := p.Content
	if p.Kind == wechat.KindVoice {
		text = p.Recognition
	}
	numbers, most, none := numbersIn(text), mostNumbers, wordsNoOrder
	if len(numbers) == 0 {
		most, none = mostOrders, wordsNoOrders
	}
	var list []orders.OwnOrder
	err := s.own(ctx, p, func(ctx context.Context, tx *db.Tx, member model.MemberID) (err error) {
		list, err = s.Orders.OwnTx(ctx, tx, member, numbers, most)
		return err
	})
	switch {
	case err != nil:
		s.Log.WarnContext(ctx, "orders cannot be looked up for a reply", "err", err)
		return wordsBusy
	case len(list) == 0:
		return none
	}
	lines := make([]string, len(list))
	for i, o := range list {
		lines[i] = told(o)
	}
	return cut(strings.Join(lines, "\n\n"), wechat.MaxReplyText)
}

// told says an order's state to its buyer.
func told(o orders.OwnOrder) string {
	goods := harmless(o.Goods)
	if o.Lines > 1 {
		goods = fmt.Sprintf("%s等%d种商品", goods, o.Lines)
	}
	state := map[model.OrderState]string{
		model.OrderPaid:         "已付款",
		model.OrderPartRefunded: fmt.Sprintf("已付款,其中%s元已退", o.RefundedFen),
		model.OrderRefunded:     "已全额退款",
	}[o.State]
	text := fmt.Sprintf("订单 %s\n%s 下单,实付%s元\n%s", o.Number, o.PaidAt.In(model.Shanghai).Format("2006年1月2日"), o.PaidFen, state)
	if goods != "" {
		text += "\n" + goods
	}
	return text
}

// pointsOf tells of the writer's own points.
func (s *Service) pointsOf(ctx context.Context, p wechat.Push) string {
	if s.tooMany(ctx, p) {
		return wordsTooMany
	}
	text := "您现在有 0 积分。"
	err := s.own(ctx, p, func(ctx context.Context, tx *db.Tx, member model.MemberID) error {
		b, err := s.Points.BalanceTx(ctx, tx, member)
		if err != nil {
			return err
		}
		text = fmt.Sprintf("您现在有 %d 积分。", b.Active)
		if b.Pending > 0 {
			text += fmt.Sprintf("\n另有 %d 积分待生效。", b.Pending)
		}
		if len(b.Expiring) > 0 {
			soonest := b.Expiring[0]
			text += fmt.Sprintf("\n其中 %d 积分将于%s到期。", soonest.Points, soonest.ExpiresAt.Add(-time.Microsecond).In(model.Shanghai).Format("2006年1月2日"))
		}
		return nil
	})
	if err != nil {
		s.Log.WarnContext(ctx, "points cannot be looked up for a reply", "err", err)
		return wordsBusy
	}
	return text
}

// own reads what belongs to who wrote; nobody knows him: nothing does.
func (s *Service) own(ctx context.Context, p wechat.Push, read func(context.Context, *db.Tx, model.MemberID) error) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		member, err := s.Members.ProvedTx(ctx, tx, p.AppID, p.OpenID) // who only held a parcel is shown nothing
		if errors.Is(err, members.ErrUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		return read(ctx, tx, member)
	})
}

// tooMany counts look-ups. Without kv they are not counted: what is looked up is the person's own, so the count spares the database only.
func (s *Service) tooMany(ctx context.Context, p wechat.Push) bool {
	n, err := s.KV.Incr(ctx, "replies:looks:"+p.AppID+":"+p.OpenID, lookWindow)
	return err == nil && n > mostLooks
}
