package push

import (
	"strconv"
	"strings"
	"time"

	"huitou/wechat"
)

// interpret names what is in a message. Fields of kinds and events we do not know stay in
// the body.
func interpret(m *node) wechat.Push {
	p := wechat.Push{
		Kind:      wechat.Kind(m.text("MsgType")),
		To:        m.text("ToUserName"),
		OpenID:    m.text("FromUserName"),
		CreatedAt: unix(m.text("CreateTime")),
		MsgID:     firstOf(m, "MsgId", "MsgID", "msgid"),
	}
	if p.Kind == wechat.KindEvent {
		p.Event = wechat.Event(m.text("Event"))
		interpretEvent(m, &p)
		return p
	}
	interpretMessage(m, &p)
	return p
}

func interpretMessage(m *node, p *wechat.Push) {
	p.Content = m.text("Content")
	p.MediaID = m.text("MediaId")
	p.PicURL = firstOf(m, "PicUrl", "ThumbUrl")
	p.Format = m.text("Format")
	p.Recognition = m.text("Recognition")
	p.ThumbMediaID = m.text("ThumbMediaId")
	p.Title = m.text("Title")
	p.Description = m.text("Description")
	p.URL = m.text("Url")
	p.MenuItem = m.text("bizmsgmenuid")
	p.AppPage = m.text("PagePath")
	if p.Kind == wechat.KindLocation {
		p.Location = &wechat.Location{
			Latitude:  m.text("Location_X"),
			Longitude: m.text("Location_Y"),
			Scale:     m.text("Scale"),
			Label:     m.text("Label"),
		}
	}
}

// scenePrefix marks the scene of someone who was not following yet, and only of him: a
// scene may begin with the same letters.
const scenePrefix = "qrscene_"

func interpretEvent(m *node, p *wechat.Push) {
	p.EventKey = m.text("EventKey")
	p.Ticket = m.text("Ticket")
	p.MenuID = firstOf(m, "MenuId", "MenuID")
	switch p.Event {
	case wechat.EventSubscribe:
		if scene, ok := strings.CutPrefix(p.EventKey, scenePrefix); ok {
			p.Scene = scene
		}
	case wechat.EventScan:
		p.Scene = p.EventKey
	case wechat.EventLocation:
		p.Location = &wechat.Location{
			Latitude:  m.text("Latitude"),
			Longitude: m.text("Longitude"),
			Precision: m.text("Precision"),
		}
	case wechat.EventScanPush, wechat.EventScanWait:
		info := m.kid("ScanCodeInfo")
		p.Scanned = &wechat.Scanned{Type: info.text("ScanType"), Result: info.text("ScanResult")}
	case wechat.EventPhoto, wechat.EventPhotoOrAlbum, wechat.EventAlbum:
		p.Pictures = pictures(m)
	case wechat.EventPlaceSelect:
		place := m.kid("SendLocationInfo")
		p.Location = &wechat.Location{
			Latitude: place.text("Location_X"), Longitude: place.text("Location_Y"),
			Scale: place.text("Scale"), Label: place.text("Label"), Name: place.text("Poiname"),
		}
	case wechat.EventDeskOpened, wechat.EventDeskClosed, wechat.EventDeskSwitched:
		p.Desk = &wechat.Desk{Account: firstOf(m, "KfAccount", "ToKfAccount"), From: m.text("FromKfAccount"), ClosedBy: m.text("CloseType")}
	case wechat.EventEnterSession:
		p.SessionFrom = m.text("SessionFrom")
	case wechat.EventTemplateSent:
		p.Status = squeeze(m.text("Status"))
	case wechat.EventMassSent:
		p.Status = squeeze(m.text("Status"))
		p.Mass = &wechat.Mass{Total: number(m, "TotalCount"), Filtered: number(m, "FilterCount"), Sent: number(m, "SentCount"), Failed: number(m, "ErrorCount")}
	case wechat.EventSubscribeMsgPopup, wechat.EventSubscribeMsgChange, wechat.EventSubscribeMsgSent:
		p.Subscriptions = subscriptions(m)
	case wechat.EventUserInfoModified, wechat.EventUserAuthorizationRevoke, wechat.EventUserAuthorizationCanceled:
		p.Withdrawn = &wechat.Withdrawn{
			OpenID:   firstOf(m, "OpenID", "OpenId"),
			AppID:    firstOf(m, "AppID", "AppId"),
			Scope:    m.text("RevokeInfo"),
			PluginID: firstOf(m, "PluginID", "PluginId"),
			OpenPID:  firstOf(m, "OpenPID", "OpenPId"),
		}
		if p.Withdrawn.OpenID != "" {
			p.OpenID = p.Withdrawn.OpenID
		}
	case wechat.EventTradeRemindAccess, wechat.EventTradeRemindShipping, wechat.EventTradeSettled:
		p.Trade = &wechat.Trade{
			TransactionID: m.text("transaction_id"),
			MchID:         m.text("merchant_id"),
			OutTradeNo:    m.text("merchant_trade_no"),
			Message:       m.text("msg"),
			PaidAt:        unix(m.text("pay_time")),
			ShippedAt:     unix(m.text("shipped_time")),
			SettlesAt:     unix(m.text("estimated_settlement_time")),
			ReceivedBy:    m.text("confirm_receive_method"),
			ReceivedAt:    unix(m.text("confirm_receive_time")),
			SettledAt:     unix(m.text("settlement_time")),
		}
	case wechat.EventDeliverGoods:
		money := m.kid("WeChatPayInfo")
		p.Delivery = &wechat.Delivery{
			OpenID:        firstOf(m, "OpenId", "openid", "Openid", "OpenID"),
			OutTradeNo:    m.text("OutTradeNo"),
			TransactionID: money.text("TransactionId"),
			ProductID:     m.kid("GoodsInfo").text("ProductId"),
		}
	case wechat.EventMediaCheck:
		p.MediaCheck = mediaCheck(m)
	case wechat.EventQualified, wechat.EventNotQualified, wechat.EventNamed, wechat.EventNotNamed, wechat.EventAnnualRenew, wechat.EventVerifyExpired,
		wechat.EventAuditPassed, wechat.EventAuditFailed, wechat.EventAuditDelayed:
		p.Review = &wechat.Review{
			At: unix(firstOf(m, "FailTime", "SuccTime", "DelayTime")), Expires: unix(m.text("ExpiredTime")), Reason: firstOf(m, "FailReason", "Reason"),
		}
		if shots := firstOf(m, "ScreenShot", "Screenshot"); shots != "" {
			p.Review.Shots = strings.Split(shots, "|")
		}
	}
}

// pictures collects the hashes of chosen pictures: a list of item elements in XML; in JSON the list itself, or one object named item.
func pictures(m *node) (list []string) {
	for _, l := range m.kid("SendPicsInfo").all("PicList") {
		for _, item := range append(l.all("item"), l) {
			if sum := item.text("PicMd5Sum"); sum != "" {
				list = append(list, sum)
			}
		}
	}
	return list
}

// mediaCheck reads the second form, with a result, and the first, which only said risky or not.
func mediaCheck(m *node) *wechat.MediaCheck {
	result := m.kid("result")
	c := &wechat.MediaCheck{
		TraceID: m.text("trace_id"), Suggest: result.text("suggest"), Label: result.text("label"), ErrCode: firstOf(m, "errcode", "status_code"),
	}
	switch risky := m.text("isrisky"); {
	case c.Suggest != "" || risky == "":
	case risky == "0":
		c.Suggest = "pass"
	default:
		c.Suggest = "risky"
	}
	return c
}

// subscriptions collects the entries of a subscribe-message event. XML wraps them in an
// element named after the event, and WeChat's own examples mix the names up, so each
// wrapper is looked into; JSON has them directly, one as an object, several as a list.
func subscriptions(m *node) []wechat.Subscription {
	lists := m.all("List")
	for _, wrapper := range []string{"SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent"} {
		for _, w := range m.all(wrapper) {
			lists = append(lists, w.all("List")...)
		}
	}
	var out []wechat.Subscription
	for _, l := range lists {
		out = append(out, wechat.Subscription{
			TemplateID:  l.text("TemplateId"),
			Status:      l.text("SubscribeStatusString"),
			PopupScene:  l.text("PopupScene"),
			MsgID:       firstOf(l, "MsgID", "MsgId"),
			ErrorCode:   l.text("ErrorCode"),
			ErrorStatus: l.text("ErrorStatus"),
		})
	}
	return out
}

// firstOf returns the first non-empty child: WeChat spells some names in several ways.
func firstOf(m *node, names ...string) string {
	for _, name := range names {
		if s := m.text(name); s != "" {
			return s
		}
	}
	return ""
}

// number reads a count; what is none is 0, and stays in the body.
func number(m *node, name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(m.text(name)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func unix(s string) time.Time {
	seconds, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
