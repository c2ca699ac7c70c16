package push

import (
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

// event wraps the fields of an event as every one of them comes.
func event(name, fields string) string {
	return `<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName>` +
		`<CreateTime>1772000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[` + name + `]]></Event>` + fields + `</xml>`
}

// Every event of the documentation, in both formats where both are sent.
func TestEventsAreRead(t *testing.T) {
	tests := []struct {
		name string
		msg  string
		want wechat.Push
	}{
		{"followed by search", event("subscribe", "<EventKey></EventKey>"), wechat.Push{Event: wechat.EventSubscribe}},
		{"followed by QR code", event("subscribe", "<EventKey>qrscene_s=12</EventKey><Ticket>gQ8w==</Ticket>"),
			wechat.Push{Event: wechat.EventSubscribe, EventKey: "qrscene_s=12", Scene: "s=12", Ticket: "gQ8w=="}},
		{"scanned by a follower", event("SCAN", "<EventKey>s=12</EventKey><Ticket>gQ8w==</Ticket>"),
			wechat.Push{Event: wechat.EventScan, EventKey: "s=12", Scene: "s=12", Ticket: "gQ8w=="}},
		{"scene that looks prefixed, scanned by a follower", event("SCAN", "<EventKey>qrscene_1</EventKey>"),
			wechat.Push{Event: wechat.EventScan, EventKey: "qrscene_1", Scene: "qrscene_1"}},
		{"scene that looks prefixed, followed", event("subscribe", "<EventKey>qrscene_qrscene_1</EventKey>"),
			wechat.Push{Event: wechat.EventSubscribe, EventKey: "qrscene_qrscene_1", Scene: "qrscene_1"}},
		{"unfollowed", event("unsubscribe", "<EventKey></EventKey>"), wechat.Push{Event: wechat.EventUnsubscribe}},
		{"place", event("LOCATION", "<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>"),
			wechat.Push{Event: wechat.EventLocation, Location: &wechat.Location{Latitude: "23.137466", Longitude: "113.352425", Precision: "119.385040"}}},
		{"menu", event("CLICK", "<EventKey>POINTS</EventKey>"), wechat.Push{Event: wechat.EventClick, EventKey: "POINTS"}},
		{"menu page", event("VIEW", "<EventKey>https://a.example/?b=1&amp;c=2</EventKey><MenuId>7</MenuId>"),
			wechat.Push{Event: wechat.EventView, EventKey: "https://a.example/?b=1&c=2", MenuID: "7"}},
		{"menu scan", event("scancode_waitmsg", "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>2</ScanResult></ScanCodeInfo>"),
			wechat.Push{Event: wechat.EventScanWait, EventKey: "6", Scanned: &wechat.Scanned{Type: "qrcode", Result: "2"}}},
		{"template arrived", event("TEMPLATESENDJOBFINISH", "<MsgID>200163836</MsgID><Status>success</Status>"),
			wechat.Push{Event: wechat.EventTemplateSent, MsgID: "200163836", Status: "success"}},
		{"template blocked", event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>failed:user block</Status>"),
			wechat.Push{Event: wechat.EventTemplateSent, MsgID: "1", Status: "failed:userblock"}},
		{"template failed", event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>failed: system failed</Status>"),
			wechat.Push{Event: wechat.EventTemplateSent, MsgID: "1", Status: "failed:systemfailed"}},
		{"two subscriptions", event("subscribe_msg_popup_event", "<SubscribeMsgPopupEvent>"+
			"<List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List>"+
			"<List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List>"+
			"</SubscribeMsgPopupEvent>"),
			wechat.Push{Event: wechat.EventSubscribeMsgPopup, Subscriptions: []wechat.Subscription{
				{TemplateID: "T1", Status: "accept", PopupScene: "2"}, {TemplateID: "T2", Status: "reject", PopupScene: "2"}}}},
		{"subscription changed", event("subscribe_msg_change_event", "<SubscribeMsgChangeEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>"),
			wechat.Push{Event: wechat.EventSubscribeMsgChange, Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "reject"}}}},
		{"subscription changed, under the other name", event("subscribe_msg_change_event", "<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgPopupEvent>"),
			wechat.Push{Event: wechat.EventSubscribeMsgChange, Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "reject"}}}},
		{"subscription sent", event("subscribe_msg_sent_event", "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>1864323726461255680</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>"),
			wechat.Push{Event: wechat.EventSubscribeMsgSent, Subscriptions: []wechat.Subscription{{TemplateID: "T1", MsgID: "1864323726461255680", ErrorCode: "0", ErrorStatus: "success"}}}},
		{"one subscription as JSON", `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1772000000,"MsgType":"event","Event":"subscribe_msg_popup_event","List":{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"0"}}`,
			wechat.Push{Event: wechat.EventSubscribeMsgPopup, Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "accept", PopupScene: "0"}}}},
		{"two subscriptions as JSON", `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":"1772000000","MsgType":"event","Event":"subscribe_msg_sent_event","List":[{"TemplateId":"T1","MsgID":1864323726461255680,"ErrorCode":"0"},{"TemplateId":"T2","MsgID":"1864323726461255681","ErrorCode":43101}]}`,
			wechat.Push{Event: wechat.EventSubscribeMsgSent, Subscriptions: []wechat.Subscription{
				{TemplateID: "T1", MsgID: "1864323726461255680", ErrorCode: "0"}, {TemplateID: "T2", MsgID: "1864323726461255681", ErrorCode: "43101"}}}},
		{"authorisation withdrawn", event("user_authorization_revoke", "<OpenID>oPerson</OpenID><AppID>wx1</AppID><RevokeInfo>301</RevokeInfo><PluginID>p</PluginID><OpenPID>op</OpenPID>"),
			wechat.Push{Event: wechat.EventUserAuthorizationRevoke, OpenID: "oPerson", Withdrawn: &wechat.Withdrawn{OpenID: "oPerson", AppID: "wx1", Scope: "301", PluginID: "p", OpenPID: "op"}}},
		{"settled", `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1772000000,"MsgType":"event","Event":"trade_manage_order_settlement","transaction_id":"42","merchant_id":"19","merchant_trade_no":"V1"}`,
			wechat.Push{Event: wechat.EventTradeSettled, Trade: &wechat.Trade{TransactionID: "42", MchID: "19", OutTradeNo: "V1"}}},
		{"goods paid", event("xpay_goods_deliver_notify", "<OpenId>oPerson</OpenId><OutTradeNo>V1</OutTradeNo><Env>0</Env><WeChatPayInfo><MchOrderNo>m</MchOrderNo><TransactionId>42</TransactionId></WeChatPayInfo><GoodsInfo><ProductId>card</ProductId><Quantity>1</Quantity></GoodsInfo>"),
			wechat.Push{Event: wechat.EventDeliverGoods, Delivery: &wechat.Delivery{OpenID: "oPerson", OutTradeNo: "V1", TransactionID: "42", ProductID: "card"}}},
		{"goods paid through Apple, as JSON", `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1772000000,"MsgType":"event","Event":"xpay_goods_deliver_notify","OpenId":"oPerson","OutTradeNo":"V1","Env":0,"GoodsInfo":{"ProductId":"card","Quantity":1,"OrigPrice":9900,"ActualPrice":9900}}`,
			wechat.Push{Event: wechat.EventDeliverGoods, Delivery: &wechat.Delivery{OpenID: "oPerson", OutTradeNo: "V1", ProductID: "card"}}},
		{"unknown", event("new_event_of_2027", "<Whatever><Deep>1</Deep></Whatever>"), wechat.Push{Event: "new_event_of_2027"}},
	}
	c := newCodec(t, testConfig(ModePlain))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, body := weChat("").post(t, tt.msg)
			got, err := c.Open(q, body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Body) != tt.msg {
				t.Error("the body was not kept")
			}
			want := tt.want
			want.AppID, want.Kind, want.To, want.CreatedAt = testApp, wechat.KindEvent, "gh_x", time.Unix(1_772_000_000, 0).UTC()
			if want.OpenID == "" {
				want.OpenID = "oX"
			}
			got.Body, got.DedupeKey, got.Envelope = nil, "", wechat.Envelope{}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestMessagesAreRead(t *testing.T) {
	head := `<xml><ToUserName>gh_x</ToUserName><FromUserName>oX</FromUserName><CreateTime>1772000000</CreateTime><MsgId>9223372036854775807</MsgId>`
	c := newCodec(t, testConfig(ModePlain))
	for fields, check := range map[string]func(wechat.Push) bool{
		"<MsgType>image</MsgType><PicUrl>u</PicUrl><MediaId>m</MediaId>": func(p wechat.Push) bool {
			return p.Kind == wechat.KindImage && p.PicURL == "u" && p.MediaID == "m"
		},
		"<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format><Recognition>早</Recognition>": func(p wechat.Push) bool {
			return p.Format == "amr" && p.Recognition == "早"
		},
		"<MsgType>shortvideo</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>": func(p wechat.Push) bool {
			return p.Kind == wechat.KindShortVideo && p.ThumbMediaID == "t"
		},
		"<MsgType>location</MsgType><Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>20</Scale><Label>店</Label>": func(p wechat.Push) bool {
			return *p.Location == wechat.Location{Latitude: "23.1", Longitude: "113.3", Scale: "20", Label: "店"}
		},
		"<MsgType>link</MsgType><Title>t</Title><Description>d</Description><Url>u</Url>": func(p wechat.Push) bool {
			return p.Title == "t" && p.Description == "d" && p.URL == "u"
		},
		"<MsgType>hologram</MsgType><Content>kept</Content>": func(p wechat.Push) bool {
			return p.Kind == "hologram" && strings.Contains(string(p.Body), "kept")
		},
	} {
		q, body := weChat("").post(t, head+fields+"</xml>")
		p, err := c.Open(q, body)
		if err != nil || !check(p) || p.MsgID != "9223372036854775807" {
			t.Errorf("%s: %+v, %v", fields, p, err)
		}
	}
}

// T19: what XML and JSON can be abused for is refused, quickly and without growth.
func TestT19HostileDocuments(t *testing.T) {
	deep := func(open, shut string, n int) string { return strings.Repeat(open, n) + strings.Repeat(shut, n) }
	bodies := map[string]string{
		"DOCTYPE":              `<!DOCTYPE xml [<!ENTITY a "b">]>` + textXML,
		"DOCTYPE inside":       strings.Replace(textXML, "<MsgType>", `<!DOCTYPE a>`+"<MsgType>", 1),
		"billion laughs":       `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>`,
		"unknown entity":       `<xml><MsgType>&xxe;</MsgType></xml>`,
		"external entity":      `<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><MsgType>text</MsgType></xml>`,
		"33 levels of XML":     "<xml><MsgType>text</MsgType>" + deep("<a>", "</a>", MaxDepth) + "</xml>",
		"9,000 levels of XML":  deep("<a>", "</a>", 9_000),
		"9,000 open tags":      strings.Repeat("<a>", 9_000),
		"33 levels of JSON":    `{"MsgType":"text","a":` + deep("[", "]", MaxDepth+1) + `}`,
		"30,000 open brackets": `{"a":` + strings.Repeat("[", 30_000),
		"30,000 open braces":   strings.Repeat(`{"":`, 16_000),
		"two roots":            textXML + textXML,
		"text after the root":  textXML + "x",
		"JSON and more":        `{"MsgType":"text"}{}`,
		"a JSON list":          `[{"MsgType":"text"}]`,
		"another encoding":     `<?xml version="1.0" encoding="gbk"?>` + textXML,
		"not UTF-8":            "<xml><MsgType>\xff</MsgType></xml>",
		"tags that do not fit": "<xml><a></b></xml>",
		"half a document":      textXML[:len(textXML)/2],
		"nothing":              "",
		"no MsgType":           "<xml></xml>",
	}
	c := newCodec(t, testConfig(ModePlain, keyA))
	for name, msg := range bodies {
		for _, key := range []string{"", keyA} {
			q, body := weChat(key).post(t, msg)
			start := time.Now()
			_, err := c.Open(q, body)
			if !errors.Is(err, wechat.ErrMalformed) && !errors.Is(err, wechat.ErrTooLarge) {
				t.Errorf("%s: %v, want malformed", name, err)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("%s took %s", name, took)
			}
		}
	}
	for _, msg := range []string{
		"<xml><MsgType>text</MsgType>" + deep("<a>", "</a>", MaxDepth-1) + "</xml>",
		`{"MsgType":"text","a":` + deep("[", "]", MaxDepth-1) + `}`,
	} {
		q, body := weChat("").post(t, msg)
		if _, err := c.Open(q, body); err != nil {
			t.Errorf("%d levels: %v", MaxDepth, err)
		}
	}
}

// T19: the largest body allowed costs little memory, whatever it is made of.
func TestT19MemoryPerBodyIsBounded(t *testing.T) {
	c := newCodec(t, testConfig(ModePlain))
	fill := func(unit string) string {
		return "<xml><MsgType>text</MsgType><a>" + strings.Repeat(unit, (MaxBody-60)/len(unit)) + "</a></xml>"
	}
	for name, msg := range map[string]string{
		"text":           fill("x"),
		"empty elements": fill("<b/>"),
		"CDATA sections": fill("<![CDATA[y]]>"),
		"comments":       fill("<!---->"),
		"JSON text":      `{"MsgType":"text","a":"` + strings.Repeat(`\u0041`, 10_000) + `"}`,
		"JSON numbers":   `{"MsgType":"text","a":[1` + strings.Repeat(",1", 30_000) + `]}`,
		"JSON keys":      `{"MsgType":"text"` + strings.Repeat(`,"k":1`, 10_000) + `}`,
	} {
		q, body := weChat("").post(t, msg)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := c.Open(q, body); err != nil && !errors.Is(err, wechat.ErrMalformed) {
			t.Fatalf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64*MaxBody {
			t.Errorf("%s: %d bytes for one body", name, got)
		}
	}
}
