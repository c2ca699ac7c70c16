package sim

import (
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	payScheme = "WECHATPAY2-SHA256-RSA2048"
	// paySkew is how far a request's timestamp may be from the platform's clock.
	paySkew = 5 * time.Minute
)

// payFault is an error answer of WeChat Pay.
type payFault struct {
	status        int
	code, message string
	field         string // JSON pointer of the offending parameter
	value         any
}

func paramError(field string, value any, message string) *payFault {
	return &payFault{http.StatusBadRequest, "PARAM_ERROR", message, field, value}
}

type payErrorBody struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Detail  *payErrorDetail `json:"detail,omitempty"`
}

type payErrorDetail struct {
	Field    string `json:"field"`
	Value    any    `json:"value"`
	Issue    string `json:"issue"`
	Location string `json:"location"`
}

func (f *payFault) answer() answer {
	body := payErrorBody{Code: f.code, Message: f.message}
	if f.field != "" {
		body.Detail = &payErrorDetail{f.field, f.value, f.message, "body"}
	}
	out := jsonAnswer(f.status, "application/json", body)
	out.code = f.code
	return out
}

// payRoutes are the endpoints of api.mch.weixin.qq.com. Handlers run under Sim.mu,
// after the caller's signature was verified over the raw body.
func (s *Sim) payRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*Sim, *call) answer{
		"POST /v3/pay/transactions/jsapi":                             (*Sim).prepay,
		"GET /v3/pay/transactions/out-trade-no/{out_trade_no}":        (*Sim).orderByNumber,
		"GET /v3/pay/transactions/id/{transaction_id}":                (*Sim).orderByTransaction,
		"POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close": (*Sim).closeOrder,
		"POST /v3/refund/domestic/refunds":                            (*Sim).createRefund,
		"GET /v3/refund/domestic/refunds/{out_refund_no}":             (*Sim).refundByNumber,
		"GET /v3/certificates":                                        (*Sim).certificates,
		"GET /v3/bill/tradebill":                                      (*Sim).tradeBill,
		"GET /v3/billdownload/file":                                   (*Sim).downloadBill,
	} {
		mux.Handle(pattern, payHandler(serve))
	}
	return mux
}

// payHandler is only a value the mux can hold; servePay calls it itself.
type payHandler func(*Sim, *call) answer

func (payHandler) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (s *Sim) servePay(c *call, mux *http.ServeMux) answer {
	matched, pattern := mux.Handler(c.r)
	serve, found := matched.(payHandler)
	if !found {
		return s.finishPay(c, (&payFault{status: http.StatusNotFound, code: "NOT_FOUND", message: "接口不存在"}).answer())
	}
	// mux.Handler does not fill path values in; they are the segments {…} stands for.
	setPathValues(c.r, pattern)
	if fault := s.verifyCaller(c); fault != nil {
		return s.finishPay(c, fault.answer())
	}
	fail := func(f *Fault) answer {
		fault := &payFault{status: f.Status, code: f.Code, message: f.Message}
		switch f.Kind {
		case faultBusy, faultRevoked:
			fault = &payFault{status: http.StatusInternalServerError, code: "SYSTEM_ERROR", message: "系统异常，请稍后重试"}
		case faultQuota:
			fault = &payFault{status: http.StatusTooManyRequests, code: "FREQUENCY_LIMITED", message: "频率超限"}
		}
		if fault.status == 0 {
			fault.status = http.StatusBadRequest
		}
		return fault.answer()
	}
	out := s.withFaults(c, kindPay, fail, func() answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		return serve(s, c)
	})
	if struck(c.hit, faultNoPrepay) != nil && out.status == http.StatusOK {
		out.body = []byte("{}")
	}
	return s.finishPay(c, out)
}

func setPathValues(r *http.Request, pattern string) {
	_, path, _ := strings.Cut(pattern, " ")
	segments := strings.Split(r.URL.Path, "/")
	for i, part := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok && i < len(segments) {
			r.SetPathValue(strings.TrimSuffix(name, "}"), segments[i])
		}
	}
}

// verifyCaller checks the Authorization header: scheme, merchant, serial, a
// timestamp within five minutes, and the signature over method, the path and query
// as sent, timestamp, nonce and the body's raw bytes.
func (s *Sim) verifyCaller(c *call) *payFault {
	signError := func(message string) *payFault {
		return &payFault{status: http.StatusUnauthorized, code: "SIGN_ERROR", message: message}
	}
	scheme, rest, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if scheme != payScheme {
		return signError("Http头Authorization认证类型不正确")
	}
	auth := authorization(rest)
	for _, key := range []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"} {
		if auth[key] == "" {
			return signError("Http头Authorization值格式错误，缺少 " + key)
		}
	}
	ts, err := strconv.ParseInt(auth["timestamp"], 10, 64)
	switch skew := s.now().Sub(time.Unix(ts, 0)); {
	case err != nil:
		return signError("Http头Authorization值格式错误，timestamp 不是整数")
	case auth["mchid"] != s.acc.Merchant.MchID:
		return &payFault{status: http.StatusBadRequest, code: "MCH_NOT_EXISTS", message: "商户号不存在"}
	case auth["serial_no"] != s.acc.Merchant.SerialNo:
		return signError("商户证书序列号有误")
	case skew > paySkew || skew < -paySkew:
		return signError("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
	}
	uri := c.r.RequestURI
	if !strings.HasPrefix(uri, "/") {
		uri = c.r.URL.RequestURI()
	}
	message := signedLines(c.r.Method, uri, auth["timestamp"], auth["nonce_str"], string(c.body))
	if verifyRSA(s.acc.merchantKey, message, auth["signature"]) != nil {
		return signError("错误的签名，验签失败")
	}
	if serial := c.r.Header.Get("Wechatpay-Serial"); serial != "" && s.platformKey(serial) == nil {
		return &payFault{status: http.StatusBadRequest, code: "PARAM_ERROR", message: "平台证书序列号Wechatpay-Serial错误"}
	}
	return nil
}

// authorization splits key="value" pairs; a key twice keeps neither.
func authorization(list string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			continue
		}
		if _, twice := out[key]; twice {
			value = `""`
		}
		out[key] = value[1 : len(value)-1]
	}
	return out
}

// platformKey is the private key of a serial: the public key id or the certificate's.
func (s *Sim) platformKey(serial string) *rsa.PrivateKey {
	s.acc.keys.RLock()
	defer s.acc.keys.RUnlock()
	switch serial {
	case s.acc.Platform.PublicKeyID:
		return s.acc.platformKey
	case s.acc.Platform.CertificateSerial:
		return s.acc.certificateKey
	}
	for _, old := range s.acc.Retired {
		if old.Serial == serial {
			return old.key
		}
	}
	return nil
}

// finishPay adds Request-Id, and signs every 2xx with the key the caller asked for:
// a 204 signs its empty body.
func (s *Sim) finishPay(c *call, out answer) answer {
	if out.abort {
		return out
	}
	s.mu.Lock()
	requestID, nonce := strings.ToUpper(s.ids.hex(40)), s.ids.hex(32)
	s.mu.Unlock()
	if out.header == nil {
		out.header = http.Header{}
	}
	suffix := "0"
	if out.code == "ORDER_NOT_EXIST" {
		suffix = "268512771"
	}
	out.header.Set("Request-Id", requestID+"-"+suffix)
	if out.status/100 != 2 || out.unsigned {
		return out
	}
	serial := c.r.Header.Get("Wechatpay-Serial")
	if s.platformKey(serial) == nil {
		serial = s.acc.Platform.PublicKeyID
	}
	header, err := s.platformSignature(serial, s.now(), nonce, out.body)
	if err != nil {
		return answer{status: http.StatusInternalServerError}
	}
	if struck(c.hit, faultBadSignature) != nil {
		header.Set("Wechatpay-Signature", tamperBase64(header.Get("Wechatpay-Signature")))
	}
	for key := range header {
		out.header[key] = header[key]
	}
	return out
}

// platformSignature is the set of headers on signed answers and notifications.
func (s *Sim) platformSignature(serial string, at time.Time, nonce string, body []byte) (http.Header, error) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signature, err := signRSA(s.platformKey(serial), signedLines(timestamp, nonce, string(body)))
	if err != nil {
		return nil, err
	}
	return http.Header{
		"Wechatpay-Timestamp": {timestamp}, "Wechatpay-Nonce": {nonce}, "Wechatpay-Serial": {serial},
		"Wechatpay-Signature": {signature}, "Wechatpay-Signature-Type": {payScheme},
	}, nil
}

// tamperBase64 changes one character in the middle of a signature.
func tamperBase64(sig string) string {
	i := len(sig) / 2
	other := "A"
	if sig[i] == 'A' {
		other = "B"
	}
	return sig[:i] + other + sig[i+1:]
}

// certificates is GET /v3/certificates, for merchants that still verify with the
// platform certificate: the present one and those it replaced.
func (s *Sim) certificates(*call) answer {
	list := []any{}
	add := func(serial, certPEM string) error {
		nonce := s.ids.hex(12)
		sealed, err := sealAEAD(s.acc.Merchant.APIv3Key, nonce, "certificate", []byte(certPEM))
		if err != nil {
			return err
		}
		now := s.now()
		list = append(list, map[string]any{
			"serial_no": serial, "effective_time": chinaTime(now.AddDate(-1, 0, 0)), "expire_time": chinaTime(now.AddDate(4, 0, 0)),
			"encrypt_certificate": map[string]string{
				"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "certificate", "ciphertext": sealed,
			},
		})
		return nil
	}
	if add(s.acc.Platform.CertificateSerial, s.acc.Platform.CertPEM) != nil {
		return answer{status: http.StatusInternalServerError}
	}
	for _, old := range s.acc.Retired {
		if add(old.Serial, old.CertPEM) != nil {
			return answer{status: http.StatusInternalServerError}
		}
	}
	return jsonAnswer(http.StatusOK, "application/json", map[string]any{"data": list})
}

// canonicalJSON is a JSON value with keys sorted and numbers as written, to compare
// one request with another.
func canonicalJSON(body []byte, without ...string) string {
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return ""
	}
	for _, key := range without {
		delete(v, key)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}
