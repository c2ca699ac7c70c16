package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	api "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sms/v20210111"

	"huitou/wechat"
)

// TencentConfig is what Tencent needs; all fields but HTTP and Endpoint must be given.
type TencentConfig struct {
	SecretID, SecretKey string
	AppID               string // SmsSdkAppId
	Sign                string // the approved signature, without brackets
	Region              string // ap-guangzhou
	HTTP                http.RoundTripper
	Endpoint            string // host instead of Tencent's, for tests
}

// Tencent sends through Tencent Cloud. It is safe for concurrent use.
type Tencent struct {
	api  *api.Client
	app  string
	sign string
}

// NewTencent returns a sender. It makes no call.
func NewTencent(c TencentConfig) (*Tencent, error) {
	for name, value := range map[string]string{"secret id": c.SecretID, "secret key": c.SecretKey, "app id": c.AppID, "signature": c.Sign, "region": c.Region} {
		if value == "" {
			return nil, fmt.Errorf("sms: the %s is missing", name)
		}
	}
	p := profile.NewClientProfile()
	p.HttpProfile.ReqTimeout = 10 // seconds; the caller's context is shorter or as long
	// The SDK repeats nothing by itself and changes no host: a repetition would be a second text.
	p.NetworkFailureMaxRetries, p.RateLimitExceededMaxRetries, p.DisableRegionBreaker = 0, 0, true
	if c.Endpoint != "" {
		p.HttpProfile.Endpoint, p.HttpProfile.Scheme = c.Endpoint, "HTTP"
	}
	client, err := api.NewClient(common.NewCredential(c.SecretID, c.SecretKey), c.Region, p)
	if err != nil {
		return nil, fmt.Errorf("sms: make the client: %w", err)
	}
	if c.HTTP != nil {
		client.WithHttpTransport(c.HTTP)
	}
	return &Tencent{api: client, app: c.AppID, sign: c.Sign}, nil
}

// Send sends one text.
func (t *Tencent) Send(ctx context.Context, m Message) (id string, err error) {
	req := api.NewSendSmsRequest()
	req.PhoneNumberSet = common.StringPtrs([]string{m.Phone})
	req.SmsSdkAppId, req.SignName, req.TemplateId = &t.app, &t.sign, &m.Template
	req.TemplateParamSet = common.StringPtrs(m.Params)
	req.SessionContext = &m.Ref
	res, err := t.api.SendSmsWithContext(ctx, req)
	if err != nil {
		return "", refused(err)
	}
	if res.Response == nil || len(res.Response.SendStatusSet) != 1 || res.Response.SendStatusSet[0] == nil {
		return "", errUnreadable
	}
	status := res.Response.SendStatusSet[0]
	if code := text(status.Code); code != "Ok" {
		return "", classify(code)
	}
	return text(status.SerialNo), nil
}

// Receipts reads what became of texts.
func (t *Tencent) Receipts(ctx context.Context) (out []Receipt, err error) {
	req := api.NewPullSmsSendStatusRequest()
	req.Limit, req.SmsSdkAppId = common.Uint64Ptr(100), &t.app
	res, err := t.api.PullSmsSendStatusWithContext(ctx, req)
	if err != nil {
		return nil, refused(err)
	}
	if res.Response == nil {
		return nil, errUnreadable
	}
	for _, s := range res.Response.PullSmsSendStatusSet {
		if s == nil || text(s.SerialNo) == "" {
			continue
		}
		out = append(out, Receipt{
			ID: text(s.SerialNo), Delivered: text(s.ReportStatus) == "SUCCESS", Why: text(s.Description), At: unix(s.UserReceiveTime),
		})
	}
	return out, nil
}

// Replies reads what people answered.
func (t *Tencent) Replies(ctx context.Context) (out []Reply, err error) {
	req := api.NewPullSmsReplyStatusRequest()
	req.Limit, req.SmsSdkAppId = common.Uint64Ptr(100), &t.app
	res, err := t.api.PullSmsReplyStatusWithContext(ctx, req)
	if err != nil {
		return nil, refused(err)
	}
	if res.Response == nil {
		return nil, errUnreadable
	}
	for _, r := range res.Response.PullSmsReplyStatusSet {
		if r != nil {
			out = append(out, Reply{Phone: text(r.PhoneNumber), Text: text(r.ReplyContent), At: unix(r.ReplyTime)})
		}
	}
	return out, nil
}

// errUnreadable is no proof that nothing was sent.
var errUnreadable = errors.New("sms: the provider's answer cannot be read")

// refused tells a provider's refusal from a call without an answer. The SDK gives both the same type, and only a refusal the id of
// the request; its texts may hold the request.
func refused(err error) error {
	var said *tcerr.TencentCloudSDKError
	if !errors.As(err, &said) {
		return errUnreadable
	}
	if said.RequestId == "" || strings.HasPrefix(said.Code, "ClientError") || strings.HasPrefix(said.Code, "InternalError") {
		return fmt.Errorf("%w: %s", errUnreadable, said.Code)
	}
	return classify(said.Code)
}

// classify sorts a code of Tencent's (https://cloud.tencent.com/document/product/382/55981) by what to do about it.
func classify(code string) error {
	e := &Error{Code: code, Kind: wechat.ClassUnknown}
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(code, p) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(code, "InternalError"):
		return fmt.Errorf("%w: %s", errUnreadable, code)
	case has("LimitExceeded.PhoneNumber"): // this number had enough today; others have not
		e.Kind = wechat.ClassDenied
	case has("DailyLimit"):
		e.Kind, e.Today = wechat.ClassQuota, true
	case has("LimitExceeded", "RequestLimit"):
		e.Kind = wechat.ClassQuota
	case has("Blacklist", "PhoneNumber"):
		e.Kind = wechat.ClassRecipient
	case has("InsufficientBalance", "Unauthorized", "AuthFailure", "SignatureIncorrect", "TemplateIncorrect", "TemplateUnapproved", "MissingSignature", "SdkAppId"):
		e.Kind = wechat.ClassConfig
	case has("InvalidParameter", "MissingParameter", "UnsupportedOperation", "ContainSensitiveWord", "TemplateParam"):
		e.Kind = wechat.ClassBug
	}
	return e
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func unix(s *uint64) time.Time {
	if s == nil || *s == 0 || *s > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(*s), 0).UTC()
}
