package aftersale

import "huitou/model/fault"

// Faults of parcel codes.
var (
	ErrNoParcel = fault.New(fault.Conflict, "parcels.no_parcel", "该订单没有包裹", "this kind of order has no parcel")
	ErrNoCard   = fault.New(fault.NotFound, "parcels.no_card", "链接无效或已失效", "no parcel has this link")
	ErrQR       = fault.New(fault.Unavailable, "parcels.qr_unavailable", "暂时无法生成二维码,请稍后重试", "WeChat does not make the QR code now; try again")
)

// Faults of sheets of parcel cards.
var (
	ErrSheetUnknown  = fault.New(fault.NotFound, "parcels.sheet_unknown", "没有这批包裹卡", "there is no such sheet of parcel cards")
	ErrSheetNotReady = fault.New(fault.Conflict, "parcels.sheet_not_ready", "这批包裹卡还没有做好", "the sheet of parcel cards is not ready")
	ErrSheetOld      = fault.New(fault.Conflict, "parcels.sheet_old", "卡片上的二维码即将过期或已清理,请重新制作", "the codes on the sheet are about to expire or were put away: make a new one")
	ErrSheetLarge    = fault.New(fault.Invalid, "parcels.sheet_large", "小程序码一批最多 1000 张,请分批制作", "a sheet of mini-program codes has at most 1,000 cards: make several")
	// ErrSheetsWaiting and ErrSheetsDay bound what one member of staff asks for; Detail has the limit.
	ErrSheetsWaiting = fault.New(fault.TooMany, "parcels.sheets_waiting", "您还有包裹卡正在制作,请等它们完成后再提交", "three sheets of yours are being made: wait until one is done")
	ErrSheetsDay     = fault.New(fault.TooMany, "parcels.sheets_day", "您今天制作的包裹卡已达上限,请明天再试", "20,000 cards a day are what one may ask for: try tomorrow")
)

// Faults of mini-program codes.
var (
	// ErrMiniPage means that our settings name a page of the mini-program that WeChat does not know.
	ErrMiniPage  = fault.New(fault.Conflict, "parcels.mini_page", "小程序页面尚未发布,无法生成小程序码", "the page of the mini-program is not published")
	ErrMiniQuota = fault.New(fault.TooMany, "parcels.mini_quota", "小程序码生成过于频繁,请一分钟后再试", "WeChat's quota of mini-program codes is used up; try again in a minute")
)

// ErrPrinting means that others' sheets are drawn just now.
var ErrPrinting = fault.New(fault.Unavailable, "parcels.printing", "正在生成其他文件,请稍后重试", "other sheets are being printed; try again")

// Faults of visit plans.
var (
	ErrPlanUnknown = fault.New(fault.NotFound, "visits.plan_unknown", "没有这个回访计划", "there is no such visit plan")
	ErrPlanDraft   = fault.New(fault.Conflict, "visits.plan_draft", "回访计划尚未启用", "the visit plan has not been activated")
	ErrPlanEnded   = fault.New(fault.Conflict, "visits.plan_ended", "回访计划已结束", "the visit plan has ended")
	ErrPlanOverlap = fault.New(fault.Conflict, "visits.plan_overlap", "同一触发时机已有启用的回访计划,请先暂停或结束它", "another plan with this trigger is active")
	ErrPolicy      = fault.New(fault.Invalid, "visits.policy", "内容违反平台规则", "the words break a rule of the platform")
	ErrPlanChanged = fault.New(fault.Conflict, "visits.plan_changed", "回访计划刚被别人改过,请刷新后再改", "somebody else changed the plan; read it again")
)
