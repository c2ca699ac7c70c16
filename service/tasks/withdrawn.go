package tasks

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/callbacks"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/wechat"
)

// withdrawnDays is until when the data of somebody who withdrew an authorisation or closed his account must be gone. The rules on personal
// information give fifteen working days. Which days these are is told anew every year; fifteen days of the calendar are never later.
const withdrawnDays = 15

// OnWithdrawn opens a task when WeChat tells that a person took an authorisation back, or closed his account: what was collected with it must
// be deleted or made anonymous, and what has to stay, such as orders and money, is for people to decide. Who closed his account gets no
// messages any more that he did not cause himself. Of somebody whom we do not know there is nothing to delete.
func (s *Service) OnWithdrawn(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		member, err := s.Members.FindTx(ctx, tx, members.Ref{AppID: p.AppID, OpenID: p.OpenID})
		if fault.Of(err) != nil {
			return nil // nobody, or no openid at all
		}
		if err != nil {
			return fmt.Errorf("look for who withdrew an authorisation: %w", err)
		}
		closed := p.Event == wechat.EventUserAuthorizationCanceled
		if closed {
			_, err := s.Contact.StopTx(ctx, tx, messages.Stop{Member: member, Scope: model.StopCare, Reason: "unsubscribed", Note: "微信账号已注销"})
			if err != nil {
				return err
			}
		}
		_, err = s.OpenTx(ctx, tx, withdrawn(p, member, closed, model.DayOf(tx.Now, model.Shanghai)))
		return err
	})
}

func withdrawn(p wechat.Push, member model.MemberID, closed bool, today model.Day) Open {
	in := Open{
		Kind: model.TaskPrivacy, Source: "withdrawn:" + p.DedupeKey, Member: member, Due: today.AddDays(withdrawnDays),
		Title: "用户撤回了微信授权:删除或匿名化相应信息", Detail: "应用 " + p.AppID + "。",
	}
	if closed {
		in.Title = "用户注销了微信授权账号:删除或匿名化其个人信息"
	}
	if w := p.Withdrawn; w != nil && w.Scope != "" {
		in.Detail += "撤回的信息,按微信的编号:" + w.Scope + "。"
	}
	in.Detail += "依法须在十五个工作日内完成;订单与资金记录依法留存。办结时在备注里写明删除了什么。"
	return in
}
