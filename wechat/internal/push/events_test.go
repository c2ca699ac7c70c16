package push

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

// shape is a push as WeChat sends it, in both formats: what stands beside the four fields that every push has.
type shape struct {
	name      string // of the event, or "message" and the kind
	xml, json string
	want      wechat.Push
}

// at is the instant that the shapes write as 1772003600.
var at = time.Unix(1_772_003_600, 0).UTC()

// shapes are all of wechat.md §3.3 and what stands beside them in WeChat's documentation.
var shapes = []shape{
	{"subscribe", `<EventKey><![CDATA[]]></EventKey>`, `"EventKey":""`, wechat.Push{}},
	{"subscribe", `<EventKey><![CDATA[qrscene_s=12]]></EventKey><Ticket><![CDATA[gQ8w==]]></Ticket>`, `"EventKey":"qrscene_s=12","Ticket":"gQ8w=="`,
		wechat.Push{EventKey: "qrscene_s=12", Scene: "s=12", Ticket: "gQ8w=="}},
	{"unsubscribe", `<EventKey><![CDATA[]]></EventKey>`, `"EventKey":""`, wechat.Push{}},
	{"SCAN", `<EventKey><![CDATA[s=12]]></EventKey><Ticket><![CDATA[gQ8w==]]></Ticket>`, `"EventKey":"s=12","Ticket":"gQ8w=="`,
		wechat.Push{EventKey: "s=12", Scene: "s=12", Ticket: "gQ8w=="}},
	{"SCAN", `<EventKey>4294967295</EventKey>`, `"EventKey":4294967295`, wechat.Push{EventKey: "4294967295", Scene: "4294967295"}},
	{"LOCATION", `<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>`,
		`"Latitude":23.137466,"Longitude":113.352425,"Precision":119.385040`,
		wechat.Push{Location: &wechat.Location{Latitude: "23.137466", Longitude: "113.352425", Precision: "119.385040"}}},
	{"CLICK", `<EventKey><![CDATA[POINTS]]></EventKey>`, `"EventKey":"POINTS"`, wechat.Push{EventKey: "POINTS"}},
	{"VIEW", `<EventKey><![CDATA[https://a.example/?b=1&c=2]]></EventKey><MenuId>425120</MenuId>`, `"EventKey":"https://a.example/?b=1&c=2","MenuId":"425120"`,
		wechat.Push{EventKey: "https://a.example/?b=1&c=2", MenuID: "425120"}},
	{"view_miniprogram", `<EventKey><![CDATA[pages/card/index]]></EventKey><MenuId>425120</MenuId>`, `"EventKey":"pages/card/index","MenuId":425120`,
		wechat.Push{EventKey: "pages/card/index", MenuID: "425120"}},
	{"scancode_push", `<EventKey><![CDATA[6]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult></ScanCodeInfo>`,
		`"EventKey":"6","ScanCodeInfo":{"ScanType":"qrcode","ScanResult":"1"}`, wechat.Push{EventKey: "6", Scanned: &wechat.Scanned{Type: "qrcode", Result: "1"}}},
	{"scancode_waitmsg", `<EventKey><![CDATA[6]]></EventKey><ScanCodeInfo><ScanType><![CDATA[barcode]]></ScanType><ScanResult><![CDATA[EAN_13,6901]]></ScanResult></ScanCodeInfo>`,
		`"EventKey":"6","ScanCodeInfo":{"ScanType":"barcode","ScanResult":"EAN_13,6901"}`,
		wechat.Push{EventKey: "6", Scanned: &wechat.Scanned{Type: "barcode", Result: "EAN_13,6901"}}},
	{"pic_sysphoto", `<EventKey><![CDATA[7]]></EventKey><SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum><![CDATA[1b5f7c23]]></PicMd5Sum></item></PicList></SendPicsInfo>`,
		`"EventKey":"7","SendPicsInfo":{"Count":1,"PicList":[{"PicMd5Sum":"1b5f7c23"}]}`, wechat.Push{EventKey: "7", Pictures: []string{"1b5f7c23"}}},
	{"pic_photo_or_album", `<EventKey>7</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>`,
		`"EventKey":"7","SendPicsInfo":{"Count":"2","PicList":{"item":[{"PicMd5Sum":"a"},{"PicMd5Sum":"b"}]}}`, wechat.Push{EventKey: "7", Pictures: []string{"a", "b"}}},
	{"pic_weixin", `<EventKey>7</EventKey><SendPicsInfo><Count>0</Count><PicList/></SendPicsInfo>`, `"EventKey":"7","SendPicsInfo":{"Count":0,"PicList":[]}`,
		wechat.Push{EventKey: "7"}},
	{"location_select", `<EventKey>8</EventKey><SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[广州市海珠区]]></Label><Poiname><![CDATA[店]]></Poiname></SendLocationInfo>`,
		`"EventKey":"8","SendLocationInfo":{"Location_X":"23","Location_Y":"113","Scale":"15","Label":"广州市海珠区","Poiname":"店"}`,
		wechat.Push{EventKey: "8", Location: &wechat.Location{Latitude: "23", Longitude: "113", Scale: "15", Label: "广州市海珠区", Name: "店"}}},
	{"kf_create_session", `<KfAccount><![CDATA[a@huitou]]></KfAccount>`, `"KfAccount":"a@huitou"`, wechat.Push{Desk: &wechat.Desk{Account: "a@huitou"}}},
	{"kf_close_session", `<KfAccount><![CDATA[a@huitou]]></KfAccount><CloseType><![CDATA[KF]]></CloseType>`, `"KfAccount":"a@huitou","CloseType":"KF"`,
		wechat.Push{Desk: &wechat.Desk{Account: "a@huitou", ClosedBy: "KF"}}},
	{"kf_switch_session", `<FromKfAccount><![CDATA[a@huitou]]></FromKfAccount><ToKfAccount><![CDATA[b@huitou]]></ToKfAccount>`,
		`"FromKfAccount":"a@huitou","ToKfAccount":"b@huitou"`, wechat.Push{Desk: &wechat.Desk{Account: "b@huitou", From: "a@huitou"}}},
	{"user_enter_tempsession", `<SessionFrom><![CDATA[order:12]]></SessionFrom>`, `"SessionFrom":"order:12"`, wechat.Push{SessionFrom: "order:12"}},

	{"TEMPLATESENDJOBFINISH", `<MsgID>200163836</MsgID><Status><![CDATA[failed: system failed]]></Status>`, `"MsgID":200163836,"Status":"failed: system failed"`,
		wechat.Push{MsgID: "200163836", Status: "failed:systemfailed"}},
	{"MASSSENDJOBFINISH", `<MsgID>1000001625</MsgID><Status><![CDATA[err(30003)]]></Status><TotalCount>100</TotalCount><FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>`,
		`"MsgID":1000001625,"Status":"err(30003)","TotalCount":100,"FilterCount":"80","SentCount":75,"ErrorCount":5`,
		wechat.Push{MsgID: "1000001625", Status: "err(30003)", Mass: &wechat.Mass{Total: 100, Filtered: 80, Sent: 75, Failed: 5}}},
	// XML wraps the entries in an element of the event's name; JSON has one entry as an object and several as a list.
	{"subscribe_msg_popup_event", `<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[T1]]></TemplateId><SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>0</PopupScene></List></SubscribeMsgPopupEvent>`,
		`"List":{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"0"}`,
		wechat.Push{Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "accept", PopupScene: "0"}}}},
	{"subscribe_msg_popup_event", `<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List><List><TemplateId>T2</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>2</PopupScene></List></SubscribeMsgPopupEvent>`,
		`"List":[{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"2"},{"TemplateId":"T2","SubscribeStatusString":"reject","PopupScene":2}]`,
		wechat.Push{Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "accept", PopupScene: "2"}, {TemplateID: "T2", Status: "reject", PopupScene: "2"}}}},
	{"subscribe_msg_change_event", `<SubscribeMsgChangeEvent><List><TemplateId>T1</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>`,
		`"List":{"TemplateId":"T1","SubscribeStatusString":"reject"}`, wechat.Push{Subscriptions: []wechat.Subscription{{TemplateID: "T1", Status: "reject"}}}},
	{"subscribe_msg_sent_event", `<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>1864323726461255680</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>`,
		`"List":{"TemplateId":"T1","MsgID":"1864323726461255680","ErrorCode":"0","ErrorStatus":"success"}`,
		wechat.Push{Subscriptions: []wechat.Subscription{{TemplateID: "T1", MsgID: "1864323726461255680", ErrorCode: "0", ErrorStatus: "success"}}}},

	{"user_info_modified", `<OpenID><![CDATA[oPerson]]></OpenID><AppID><![CDATA[wx1]]></AppID><RevokeInfo><![CDATA[1]]></RevokeInfo>`,
		`"OpenID":"oPerson","AppID":"wx1","RevokeInfo":"1"`, wechat.Push{OpenID: "oPerson", Withdrawn: &wechat.Withdrawn{OpenID: "oPerson", AppID: "wx1", Scope: "1"}}},
	{"user_authorization_revoke", `<OpenID><![CDATA[oPerson]]></OpenID><AppID><![CDATA[wx1]]></AppID><RevokeInfo><![CDATA[201]]></RevokeInfo><PluginID><![CDATA[p]]></PluginID><OpenPID><![CDATA[op]]></OpenPID>`,
		`" OpenID":"oPerson"," AppID":"wx1"," RevokeInfo":"201","PluginID":"p","OpenPID":"op"`, // with the spaces of WeChat's own example
		wechat.Push{OpenID: "oPerson", Withdrawn: &wechat.Withdrawn{OpenID: "oPerson", AppID: "wx1", Scope: "201", PluginID: "p", OpenPID: "op"}}},
	{"user_authorization_cancellation", `<OpenID><![CDATA[oPerson]]></OpenID><AppID><![CDATA[wx1]]></AppID>`, `"OpenID":"oPerson","AppID":"wx1"`,
		wechat.Push{OpenID: "oPerson", Withdrawn: &wechat.Withdrawn{OpenID: "oPerson", AppID: "wx1"}}},

	{"qualification_verify_success", `<ExpiredTime>1772003600</ExpiredTime>`, `"ExpiredTime":1772003600`, wechat.Push{Review: &wechat.Review{Expires: at}}},
	{"qualification_verify_fail", `<FailTime>1772003600</FailTime><FailReason><![CDATA[by time]]></FailReason>`, `"FailTime":1772003600,"FailReason":"by time"`,
		wechat.Push{Review: &wechat.Review{At: at, Reason: "by time"}}},
	{"naming_verify_success", `<ExpiredTime>1772003600</ExpiredTime>`, `"ExpiredTime":"1772003600"`, wechat.Push{Review: &wechat.Review{Expires: at}}},
	{"naming_verify_fail", `<FailTime>1772003600</FailTime><FailReason><![CDATA[by time]]></FailReason>`, `"FailTime":1772003600,"FailReason":"by time"`,
		wechat.Push{Review: &wechat.Review{At: at, Reason: "by time"}}},
	{"annual_renew", `<ExpiredTime>1772003600</ExpiredTime>`, `"ExpiredTime":1772003600`, wechat.Push{Review: &wechat.Review{Expires: at}}},
	{"verify_expired", `<ExpiredTime>1772003600</ExpiredTime>`, `"ExpiredTime":1772003600`, wechat.Push{Review: &wechat.Review{Expires: at}}},
	{"weapp_audit_success", `<SuccTime>1772003600</SuccTime>`, `"SuccTime":1772003600`, wechat.Push{Review: &wechat.Review{At: at}}},
	{"weapp_audit_fail", `<Reason><![CDATA[1:信息不符<br>]]></Reason><FailTime>1772003600</FailTime><ScreenShot>m1|m2</ScreenShot>`,
		`"Reason":"1:信息不符<br>","FailTime":1772003600,"ScreenShot":"m1|m2"`, wechat.Push{Review: &wechat.Review{At: at, Reason: "1:信息不符<br>", Shots: []string{"m1", "m2"}}}},
	{"weapp_audit_delay", `<Reason><![CDATA[延后]]></Reason><DelayTime>1772003600</DelayTime>`, `"Reason":"延后","DelayTime":1772003600`,
		wechat.Push{Review: &wechat.Review{At: at, Reason: "延后"}}},

	{"wxa_media_check", `<appid>wx1</appid><trace_id>t-1</trace_id><version>2</version><detail><strategy>content_model</strategy><errcode>0</errcode><suggest>risky</suggest><label>20002</label><prob>90</prob></detail><errcode>0</errcode><errmsg>ok</errmsg><result><suggest>risky</suggest><label>20002</label></result>`,
		`"appid":"wx1","trace_id":"t-1","version":2,"detail":[{"strategy":"content_model","errcode":0,"suggest":"risky","label":20002,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"risky","label":20002}`,
		wechat.Push{MediaCheck: &wechat.MediaCheck{TraceID: "t-1", Suggest: "risky", Label: "20002", ErrCode: "0"}}},
	{"wxa_media_check", `<isrisky>0</isrisky><extra_info_json></extra_info_json><appid>wx1</appid><trace_id>t-1</trace_id><status_code>0</status_code>`,
		`"isrisky":0,"extra_info_json":"","appid":"wx1","trace_id":"t-1","status_code":0`,
		wechat.Push{MediaCheck: &wechat.MediaCheck{TraceID: "t-1", Suggest: "pass", ErrCode: "0"}}},
	{"trade_manage_remind_access_api", `<msg><![CDATA[请尽快接入]]></msg>`, `"msg":"请尽快接入"`, wechat.Push{Trade: &wechat.Trade{Message: "请尽快接入"}}},
	{"trade_manage_remind_shipping", `<transaction_id><![CDATA[42]]></transaction_id><merchant_id>19</merchant_id><merchant_trade_no>V1</merchant_trade_no><pay_time>1772003600</pay_time><msg>请发货</msg>`,
		`"transaction_id":"42","merchant_id":"19","merchant_trade_no":"V1","pay_time":1772003600,"msg":"请发货"`,
		wechat.Push{Trade: &wechat.Trade{TransactionID: "42", MchID: "19", OutTradeNo: "V1", PaidAt: at, Message: "请发货"}}},
	{"trade_manage_order_settlement", `<transaction_id>42</transaction_id><merchant_id>19</merchant_id><merchant_trade_no>V1</merchant_trade_no><shipped_time>1772003600</shipped_time><estimated_settlement_time>1772003600</estimated_settlement_time><confirm_receive_method>1</confirm_receive_method><confirm_receive_time>1772003600</confirm_receive_time><settlement_time>1772003600</settlement_time>`,
		`"transaction_id":"42","merchant_id":"19","merchant_trade_no":"V1","shipped_time":1772003600,"estimated_settlement_time":1772003600,"confirm_receive_method":1,"confirm_receive_time":1772003600,"settlement_time":1772003600`,
		wechat.Push{Trade: &wechat.Trade{TransactionID: "42", MchID: "19", OutTradeNo: "V1", ShippedAt: at, SettlesAt: at, ReceivedBy: "1", ReceivedAt: at, SettledAt: at}}},
	{"xpay_goods_deliver_notify", `<OpenId>oPerson</OpenId><OutTradeNo>V1</OutTradeNo><Env>0</Env><WeChatPayInfo><MchOrderNo>m</MchOrderNo><TransactionId>42</TransactionId></WeChatPayInfo><GoodsInfo><ProductId>card</ProductId><Quantity>1</Quantity></GoodsInfo>`,
		`"OpenId":"oPerson","OutTradeNo":"V1","Env":0,"WeChatPayInfo":{"MchOrderNo":"m","TransactionId":"42"},"GoodsInfo":{"ProductId":"card","Quantity":1}`,
		wechat.Push{Delivery: &wechat.Delivery{OpenID: "oPerson", OutTradeNo: "V1", TransactionID: "42", ProductID: "card"}}},
	{"new_event_of_2027", `<Whatever><Deep>1</Deep></Whatever>`, `"Whatever":{"Deep":[1,null,true,{"a":[]}]}`, wechat.Push{}},

	{"message text", `<Content><![CDATA[退订 <b>]]></Content><MsgId>9223372036854775807</MsgId><bizmsgmenuid>101</bizmsgmenuid>`,
		`"Content":"退订 <b>","MsgId":9223372036854775807,"bizmsgmenuid":"101"`, wechat.Push{Content: "退订 <b>", MsgID: "9223372036854775807", MenuItem: "101"}},
	{"message image", `<PicUrl><![CDATA[http://a.example/1]]></PicUrl><MediaId>m</MediaId><MsgId>1</MsgId>`, `"PicUrl":"http://a.example/1","MediaId":"m","MsgId":"1"`,
		wechat.Push{PicURL: "http://a.example/1", MediaID: "m", MsgID: "1"}},
	{"message voice", `<MediaId>m</MediaId><Format>amr</Format><Recognition>早</Recognition><MsgId>1</MsgId>`, `"MediaId":"m","Format":"amr","Recognition":"早","MsgId":1`,
		wechat.Push{MediaID: "m", Format: "amr", Recognition: "早", MsgID: "1"}},
	{"message video", `<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>`, `"MediaId":"m","ThumbMediaId":"t","MsgId":1`,
		wechat.Push{MediaID: "m", ThumbMediaID: "t", MsgID: "1"}},
	{"message shortvideo", `<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>`, `"MediaId":"m","ThumbMediaId":"t","MsgId":1`,
		wechat.Push{MediaID: "m", ThumbMediaID: "t", MsgID: "1"}},
	{"message location", `<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label>店</Label><MsgId>1</MsgId>`,
		`"Location_X":23.134521,"Location_Y":113.358803,"Scale":20,"Label":"店","MsgId":1`,
		wechat.Push{MsgID: "1", Location: &wechat.Location{Latitude: "23.134521", Longitude: "113.358803", Scale: "20", Label: "店"}}},
	{"message link", `<Title>t</Title><Description>d</Description><Url>u</Url><MsgId>1</MsgId>`, `"Title":"t","Description":"d","Url":"u","MsgId":1`,
		wechat.Push{Title: "t", Description: "d", URL: "u", MsgID: "1"}},
	{"message miniprogrampage", `<MsgId>1</MsgId><Title>t</Title><AppId>wx1</AppId><PagePath>p</PagePath><ThumbUrl>u</ThumbUrl><ThumbMediaId>m</ThumbMediaId>`,
		`"MsgId":1,"Title":"t","AppId":"wx1","PagePath":"p","ThumbUrl":"u","ThumbMediaId":"m"`,
		wechat.Push{Title: "t", AppPage: "p", PicURL: "u", ThumbMediaID: "m", MsgID: "1"}},
	{"message hologram", `<Content>kept</Content>`, `"Content":"kept"`, wechat.Push{Content: "kept"}},
}

// bodies writes a shape in both formats.
func (s shape) bodies() map[wechat.Format]string {
	kind, event := "event", s.name
	if k, ok := strings.CutPrefix(s.name, "message "); ok {
		kind, event = k, ""
	}
	x := `<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName><CreateTime>1772000000</CreateTime><MsgType><![CDATA[` + kind + `]]></MsgType>`
	j := `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1772000000,"MsgType":"` + kind + `"`
	if event != "" {
		x += `<Event><![CDATA[` + event + `]]></Event>`
		j += `,"Event":"` + event + `"`
	}
	return map[wechat.Format]string{wechat.FormatXML: x + s.xml + "</xml>", wechat.FormatJSON: j + "," + s.json + "}"}
}

// push is what is to be read of it.
func (s shape) push(app string) wechat.Push {
	want := s.want
	want.AppID, want.To, want.CreatedAt = app, "gh_x", testNow.UTC()
	if want.Kind, want.Event = wechat.KindEvent, wechat.Event(s.name); strings.HasPrefix(s.name, "message ") {
		want.Kind, want.Event = wechat.Kind(strings.TrimPrefix(s.name, "message ")), ""
	}
	if want.OpenID == "" {
		want.OpenID = "oX"
	}
	return want
}

// Issue 6, 1: all events are typed, and mean the same in XML and JSON, safe and compatible mode, from the official account and from the
// mini-program; what is unknown is kept whole.
func TestEveryPushInEveryForm(t *testing.T) {
	for _, app := range []string{"wxsim-oa-1", "wxsim-mini-1"} {
		for _, mode := range []Mode{ModePlain, ModeCompatible, ModeSafe} {
			cfg := testConfig(mode, keyA)
			cfg.AppID = app
			c := newCodec(t, cfg)
			for _, s := range shapes {
				for format, msg := range s.bodies() {
					from := sender{app: app, token: testToken, key: keyA, at: testNow, format: format}
					if mode == ModePlain {
						from.key = ""
					}
					q, body := from.post(t, msg)
					if mode == ModeCompatible {
						body = beside(format, msg, body)
					}
					got, err := c.Open(q, body)
					if err != nil {
						t.Errorf("%s %s %s %s: %v", app, mode, format, s.name, err)
						continue
					}
					if string(got.Body) != msg || got.Envelope.Format != format || got.Envelope.Encrypted != (mode != ModePlain) || len(got.DedupeKey) != 64 {
						t.Errorf("%s %s %s %s: kept %q in %+v", app, mode, format, s.name, got.Body, got.Envelope)
					}
					got.Body, got.DedupeKey, got.Envelope = nil, "", wechat.Envelope{}
					if want := s.push(app); !reflect.DeepEqual(got, want) {
						t.Errorf("%s %s %s %s:\ngot  %+v\nwant %+v", app, mode, format, s.name, got, want)
					}
				}
			}
		}
	}
}

// beside puts the plaintext beside the ciphertext, as compatible mode has it.
func beside(format wechat.Format, msg string, sealed []byte) []byte {
	if format == wechat.FormatJSON {
		return []byte(strings.TrimSuffix(msg, "}") + "," + strings.TrimPrefix(string(sealed), `{"ToUserName":"gh_x",`))
	}
	return []byte(strings.TrimSuffix(msg, "</xml>") + strings.TrimPrefix(string(sealed), "<xml><ToUserName><![CDATA[gh_x]]></ToUserName>"))
}
