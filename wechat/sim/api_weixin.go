package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// weixinRoute is one endpoint of api.weixin.qq.com. kinds are the accounts whose
// token opens it; none means it takes no token. Without a method it takes any.
type weixinRoute struct {
	method string
	kinds  []appKind
	serve  func(*Sim, *call) answer // under Sim.mu
}

var weixinRoutes = map[string]weixinRoute{
	"/cgi-bin/token":                                       {"GET", nil, (*Sim).plainToken},
	"/cgi-bin/stable_token":                                {"POST", nil, (*Sim).stableToken},
	"/sns/jscode2session":                                  {"GET", nil, (*Sim).code2Session},
	"/sns/oauth2/access_token":                             {"GET", nil, (*Sim).webAccess},
	"/sns/oauth2/refresh_token":                            {"GET", nil, (*Sim).webRefresh},
	"/sns/auth":                                            {"GET", nil, (*Sim).webAuth},
	"/sns/userinfo":                                        {"GET", nil, (*Sim).webUserInfo},
	"/wxa/checksession":                                    {"GET", []appKind{kindMini}, (*Sim).checkSession},
	"/wxa/business/getuserphonenumber":                     {"POST", []appKind{kindMini}, (*Sim).phoneNumber},
	"/cgi-bin/qrcode/create":                               {"POST", []appKind{kindOA}, (*Sim).createQRCode},
	"/cgi-bin/message/template/send":                       {"POST", []appKind{kindOA}, (*Sim).sendTemplate},
	"/cgi-bin/message/custom/send":                         {"POST", []appKind{kindOA, kindMini}, (*Sim).sendCustom},
	"/cgi-bin/user/info":                                   {"GET", []appKind{kindOA}, (*Sim).userInfo},
	"/cgi-bin/user/info/batchget":                          {"POST", []appKind{kindOA}, (*Sim).userInfoBatch},
	"/cgi-bin/user/get":                                    {"GET", []appKind{kindOA}, (*Sim).followers},
	"/cgi-bin/menu/create":                                 {"POST", []appKind{kindOA}, (*Sim).createMenu},
	"/cgi-bin/menu/get":                                    {"GET", []appKind{kindOA}, (*Sim).showMenu},
	"/cgi-bin/menu/delete":                                 {"GET", []appKind{kindOA}, (*Sim).deleteMenu},
	"/cgi-bin/message/subscribe/send":                      {"POST", []appKind{kindMini}, (*Sim).sendSubscribe},
	"/cgi-bin/message/subscribe/bizsend":                   {"POST", []appKind{kindOA}, (*Sim).sendBizSubscribe},
	"/cgi-bin/openapi/quota/get":                           {"POST", []appKind{kindOA, kindMini}, (*Sim).quota},
	"/cgi-bin/clear_quota":                                 {"POST", []appKind{kindOA, kindMini}, (*Sim).clearQuota},
	"/cgi-bin/ticket/getticket":                            {"GET", []appKind{kindOA}, (*Sim).jsTicket},
	"/wxa/getwxacodeunlimit":                               {"POST", []appKind{kindMini}, (*Sim).unlimitedCode},
	"/wxa/generate_urllink":                                {"POST", []appKind{kindMini}, (*Sim).generateURLLink},
	"/wxa/generatescheme":                                  {"POST", []appKind{kindMini}, (*Sim).generateScheme},
	"/wxa/msg_sec_check":                                   {"POST", []appKind{kindMini}, (*Sim).checkContent},
	"/cgi-bin/tags/create":                                 {"POST", []appKind{kindOA}, (*Sim).createTag},
	"/cgi-bin/tags/get":                                    {"GET", []appKind{kindOA}, (*Sim).listTags},
	"/cgi-bin/tags/update":                                 {"POST", []appKind{kindOA}, (*Sim).updateTag},
	"/cgi-bin/tags/delete":                                 {"POST", []appKind{kindOA}, (*Sim).deleteTag},
	"/cgi-bin/tags/members/batchtagging":                   {"POST", []appKind{kindOA}, (*Sim).tagMembers},
	"/cgi-bin/tags/members/batchuntagging":                 {"POST", []appKind{kindOA}, (*Sim).untagMembers},
	"/cgi-bin/tags/getidlist":                              {"POST", []appKind{kindOA}, (*Sim).tagsOf},
	"/cgi-bin/user/tag/get":                                {"", []appKind{kindOA}, (*Sim).tagged},
	"/wxa/sec/order/upload_shipping_info":                  {"POST", []appKind{kindMini}, (*Sim).uploadShipping},
	"/wxa/sec/order/get_order":                             {"POST", []appKind{kindMini}, (*Sim).shippingOrder},
	"/wxa/sec/order/is_trade_managed":                      {"POST", []appKind{kindMini}, (*Sim).tradeManaged},
	"/wxa/sec/order/get_order_list":                        {"POST", []appKind{kindMini}, (*Sim).shippingOrders},
	"/cgi-bin/express/delivery/open_msg/get_delivery_list": {"POST", []appKind{kindMini}, (*Sim).deliveryList},
}

func (s *Sim) serveWeixin(c *call) answer {
	s.mu.Lock()
	route, out := s.admit(c)
	s.mu.Unlock()
	if out != nil {
		return *out
	}
	var kind appKind
	if c.app != nil {
		kind = c.app.kind
	}
	return s.withFaults(c, kind, func(f *Fault) answer { return s.failWeixin(c, f) }, func() answer {
		s.mu.Lock()
		out := route.serve(s, c)
		s.mu.Unlock()
		if out.draw == nil {
			return out
		}
		body, err := out.draw()
		if err != nil {
			return answer{status: http.StatusInternalServerError}
		}
		out.body = body
		return out
	})
}

// admit finds the route, checks method and token, and learns whose call it is.
func (s *Sim) admit(c *call) (weixinRoute, *answer) {
	refuse := func(code int) (weixinRoute, *answer) {
		out := s.errcode(code)
		return weixinRoute{}, &out
	}
	route, ok := s.routes[c.r.URL.Path]
	switch {
	case !ok:
		return refuse(40066)
	case route.method == http.MethodGet && c.r.Method != http.MethodGet:
		return refuse(43001)
	case route.method == http.MethodPost && c.r.Method != http.MethodPost:
		return refuse(43002)
	}
	if route.kinds == nil {
		c.app = s.appByID(c.namedApp())
		return route, nil
	}
	token := c.query.Get("access_token")
	if token == "" {
		return refuse(41001)
	}
	app, code := s.tokenOwner(token)
	if code != 0 {
		return refuse(code)
	}
	c.app = app
	for _, kind := range route.kinds {
		if kind == app.kind {
			if !s.spend(kind, c.endpoint) {
				return refuse(45009)
			}
			return route, nil
		}
	}
	return refuse(48001)
}

// namedApp is the appid a token or login call gives, in its query or JSON body.
func (c *call) namedApp() string {
	if id := c.query.Get("appid"); id != "" {
		return id
	}
	var in struct {
		AppID string `json:"appid"`
	}
	_ = json.Unmarshal(c.body, &in) // a bad body is refused by the endpoint
	return in.AppID
}

func (s *Sim) failWeixin(c *call, f *Fault) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f.Kind {
	case faultBusy:
		return s.errcode(-1)
	case faultQuota:
		return s.errcode(45009)
	case faultRevoked:
		s.revoke(c.query.Get("access_token"), f.Stuck)
		return s.errcode(40001)
	}
	code, err := strconv.Atoi(f.Code)
	if err != nil {
		code = -1
	}
	out := s.errcode(code, f.Message)
	if f.Status != 0 {
		out.status = f.Status
	}
	return out
}

// weixinJSON is the content type of every JSON answer of this host.
const weixinJSON = "application/json; encoding=utf-8"

// ok answers a struct as JSON. Endpoints decide themselves whether errcode 0 is in it.
func ok(v any) answer { return jsonAnswer(http.StatusOK, weixinJSON, v) }

type errcodeBody struct {
	Errcode int    `json:"errcode"`
	Errmsg  string `json:"errmsg"`
}

var okBody = errcodeBody{0, "ok"}

// errcode answers an error: always HTTP 200, the code in the body, a request id at
// the end of the message. A message given replaces the usual one. s.mu is held.
func (s *Sim) errcode(code int, message ...string) answer {
	text := errmsgs[code]
	if len(message) > 0 && message[0] != "" {
		text = message[0]
	}
	if text == "" {
		text = "error"
	}
	out := ok(errcodeBody{code, text + " rid: " + s.ids.rid(s.now())})
	out.code = strconv.Itoa(code)
	return out
}

var errmsgs = map[int]string{
	-1:    "system error",
	40001: "invalid credential, access_token is invalid or not latest",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40007: "invalid media_id",
	40008: "invalid message type",
	40013: "invalid appid",
	40016: "invalid button size",
	40017: "invalid button type",
	40018: "invalid button name size",
	40019: "invalid button key size",
	40020: "invalid button url size",
	40022: "invalid sub button level",
	40023: "invalid sub button size",
	40025: "invalid sub button name size",
	40029: "invalid code",
	40030: "invalid refresh_token",
	40032: "invalid openid list size",
	40035: "invalid parameter",
	40037: "invalid template_id",
	40055: "invalid button url domain",
	40066: "invalid url",
	40097: "invalid args",
	40125: "invalid appsecret",
	40163: "code been used",
	40165: "invalid weapp pagepath",
	40169: "invalid length for scene, or the data is not json string",
	40212: "invalid query",
	40226: "code blocked",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	41008: "missing code",
	41030: "invalid page",
	42001: "access_token expired",
	42002: "refresh_token expired",
	43001: "require GET method",
	43002: "require POST method",
	43004: "require subscribe",
	43101: "user refuse to accept the msg",
	44004: "empty content",
	45002: "content size out of limit",
	45009: "reach max api daily quota limit",
	45011: "api minute-quota reach limit, must slower, retry next minute",
	45015: "response out of time limit or subscription is canceled",
	45047: "out of response count limit",
	45056: "too many tag now, no need to add new",
	45057: "tag has too many fans",
	45058: "can't modify sys tag",
	45059: "tag count of one user reach limit",
	45157: "invalid tag name",
	45158: "invalid tag name size",
	45159: "invalid tag id",
	46003: "menu no exist",
	47001: "data format error",
	47003: "argument invalid!",
	48001: "api unauthorized",
	48006: "forbid to clear quota because of reaching the limit",
	49003: "not match openid with appid",
	61010: "code is expired",
	76021: "cgi_path not found, please check",
	85401: "time limit between 1min and 30 days",
	85402: "invalid env_version",
	87009: "invalid signature",

	10060001:  "支付单不存在",
	10060002:  "支付单已完成发货，无法继续发货",
	10060003:  "支付单已使用重新发货机会",
	10060004:  "支付单处于不可发货的状态",
	10060005:  "物流类型有误",
	10060009:  "商品描述太长",
	10060014:  "参数错误",
	10060020:  "商品描述不能为空",
	10060023:  "发货信息未更新",
	10060031:  "付款者 openid 与支付单不符",
	268485195: "微信支付单号不能为空",
	268485196: "商户号不能为空",
	268485197: "商户订单号不能为空",
	268485216: "上传时间非法，请按 RFC 3339 填写",
	268485224: "发货模式非法",
}
