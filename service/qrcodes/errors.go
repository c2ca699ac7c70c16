package qrcodes

import "huitou/model/fault"

// The faults of QR codes.
var (
	ErrUnknown = fault.New(fault.NotFound, "qrcodes.unknown", "没有这个二维码", "there is no such QR code")

	// ErrNotYours means that somebody who does not manage codes asked for another one than a temporary code of himself.
	ErrNotYours = fault.New(fault.Forbidden, "qrcodes.not_yours", "只能生成和管理本人的临时二维码", "without the right to manage codes one has temporary codes of oneself only")

	// ErrPermanentFull means that the account can make no permanent code any more; Detail has the limit.
	ErrPermanentFull = fault.New(fault.Conflict, "qrcodes.permanent_full", "公众号的永久二维码名额已用完,请改用临时二维码", "the account has no permanent QR code left")

	// ErrStopped means that the code was stopped.
	ErrStopped = fault.New(fault.Conflict, "qrcodes.stopped", "该二维码已停用", "the QR code has been stopped")

	// ErrPicture means that WeChat does not make the picture now; trying again is safe.
	ErrPicture = fault.New(fault.Unavailable, "qrcodes.picture_unavailable", "暂时无法生成二维码,请稍后重试", "WeChat does not make the QR code now; try again")

	// ErrQuota means that WeChat makes no more pictures for a while: a minute for the mini-program, else a day.
	ErrQuota = fault.New(fault.TooMany, "qrcodes.quota", "微信接口调用次数已达上限,请稍后再试", "WeChat's quota is used up; try later")

	// ErrMany means that somebody who does not manage codes has as many as he may have; Detail has the limit.
	ErrMany = fault.New(fault.TooMany, "qrcodes.many", "本人的二维码数量已达上限,请停用不再使用的,或明天再试", "one has as many codes of oneself as one may have: those that live, and those of the last 24 hours")

	// ErrOften means that pictures of one code are asked for too often.
	ErrOften = fault.New(fault.TooMany, "qrcodes.often", "该二维码的图片刚刚生成过,请稍后再试", "a picture of this code was made just now; try later")

	// ErrNotShopper means that the member has never signed in to the mini-program.
	ErrNotShopper = fault.New(fault.Conflict, "qrcodes.not_shopper", "请先登录小程序", "the member is not known to the mini-program")
)
