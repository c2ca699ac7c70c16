package members

import (
	"fmt"

	"huitou/model/fault"
	"huitou/wechat"
)

// The faults of members and their sessions.
var (
	// ErrUnknown means that no member goes by the reference.
	ErrUnknown = fault.New(fault.NotFound, "members.unknown", "会员不存在", "there is no such member")

	// ErrAmbiguous means that the references belong to two different members.
	ErrAmbiguous = fault.New(fault.Conflict, "members.ambiguous", "所给信息属于不同的会员", "the references belong to different members")

	// ErrTaken means that an identity of a member to import belongs to a member already.
	ErrTaken = fault.New(fault.Conflict, "members.taken", "会员已存在", "an identity belongs to a member already")

	// ErrSession means that there is no such session, or that it has ended.
	ErrSession = fault.New(fault.Unauthenticated, "members.session", "登录已失效,请重新登录", "the session has ended, sign in again")

	// ErrLoginCode means that the code of wx.login is wrong, used or too old; the client gets a new one from WeChat.
	ErrLoginCode = fault.New(fault.Unauthenticated, "members.login_code", "登录凭证无效或已使用,请重试", "the login code is wrong, used or expired")

	// ErrPhoneCode means that the code of the phone button is wrong, used or too old.
	ErrPhoneCode = fault.New(fault.Invalid, "members.phone_code", "手机号凭证无效或已使用,请重试", "the phone code is wrong, used or expired")

	// ErrPhone means that it is not a phone number that we take.
	ErrPhone = fault.New(fault.Invalid, "members.phone", "手机号格式不正确", "not a phone number")

	// ErrCode means that the code is wrong, too old, used, or was tried too often; which of these is not told.
	ErrCode = fault.New(fault.Invalid, "members.code", "验证码错误或已失效", "the code is wrong or has ended")

	// ErrCodeTooOften means that codes were asked for too often: one a minute, five an hour, ten a day.
	ErrCodeTooOften = fault.New(fault.TooMany, "members.code_too_often", "验证码获取过于频繁,请稍后再试", "too many codes, try again later")

	// ErrNoCodes means that the shop has no way to send text messages.
	ErrNoCodes = fault.New(fault.Unavailable, "members.no_codes", "暂不支持短信验证码,请使用微信手机号授权", "codes cannot be sent here, use the phone button")

	// ErrPhoneTaken means that the number belongs to another member.
	ErrPhoneTaken = fault.New(fault.Conflict, "members.phone_taken", "该手机号已属于另一位会员,请联系店铺", "the phone number belongs to another member")

	// ErrBirthdaySet means that the member has told his birthday before.
	ErrBirthdaySet = fault.New(fault.Conflict, "members.birthday_set", "生日只能填写一次,如需更正请联系店铺",
		"the birthday has been told before, only staff can correct it")

	// ErrMerged means that the member has just become one with another one. Whoever signs in again, or looks him up again, finds that one.
	ErrMerged = fault.New(fault.Unavailable, "members.merged", "会员资料刚刚合并,请重新登录后再试", "the member has just become one with another, sign in again")

	// ErrRefused means that WeChat holds this person for a risk.
	ErrRefused = fault.New(fault.Forbidden, "members.refused", "微信拒绝了本次登录", "WeChat refused this person")

	// ErrTooOften means that WeChat limits how often this person may sign in.
	ErrTooOften = fault.New(fault.TooMany, "members.too_often", "操作过于频繁,请稍后再试", "too often, try again in a minute")

	// ErrWeChat means that WeChat does not answer now; a new code later will do.
	ErrWeChat = fault.New(fault.Unavailable, "members.wechat_unavailable", "微信暂时无法访问,请稍后再试", "WeChat does not answer, try again")
)

// outward turns what WeChat said into a fault; badCode is what a dead code means here. Faults of our own settings stay plain
// errors: nothing that a shopper does mends them.
func outward(err error, badCode *fault.Fault) error {
	switch wechat.ClassOf(err) {
	case wechat.ClassCode:
		return badCode.Because(err)
	case wechat.ClassDenied:
		return ErrRefused.Because(err)
	case wechat.ClassQuota:
		return ErrTooOften.Because(err)
	case wechat.ClassRetry, wechat.ClassToken:
		return ErrWeChat.Because(err)
	}
	return fmt.Errorf("ask WeChat: %w", err)
}
