package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func strictDecoder(r io.Reader) *json.Decoder {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	return d
}

func (s *Sim) ctlIndex(*http.Request) (any, error) {
	return map[string]any{
		"about":  "Huitou 的微信模拟器：控制接口。推送类动作会等到第一次投递有了结果再返回，?wait_ms= 可改等待上限",
		"routes": controlRoutes(),
		"faults": map[string]any{"answers": answerFaults, "pushes": slices.Concat(pushFaults, payFaults)},
	}, nil
}

func (s *Sim) ctlAccounts(*http.Request) (any, error) {
	a := s.Accounts()
	return map[string]any{
		"oa":        map[string]string{"appid": a.OA.AppID, "gh_id": a.OA.GhID},
		"mini":      map[string]string{"appid": a.Mini.AppID, "gh_id": a.Mini.GhID},
		"merchant":  map[string]string{"mchid": a.Merchant.MchID, "serial_no": a.Merchant.SerialNo},
		"platform":  map[string]string{"public_key_id": a.Platform.PublicKeyID, "certificate_serial": a.Platform.CertificateSerial},
		"templates": a.Templates, "oa_subscribe": a.OASubscribe, "mini_subscribe": a.MiniSubscribe,
	}, nil
}

func (s *Sim) ctlJournal(r *http.Request) (any, error) {
	after, err := queryInt(r, "after", 0, 1<<63)
	if err != nil {
		return nil, err
	}
	limit, err := queryInt(r, "limit", 100, journalKept)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"entries": s.journal.after(after, int(limit), appKind(r.URL.Query().Get("app")))}, nil
}

func (s *Sim) ctlFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := make([]Fault, len(s.faults))
	for i, f := range s.faults {
		faults[i] = *f
	}
	return map[string]any{"faults": faults}, nil
}

func (s *Sim) ctlAddFault(r *http.Request) (any, error) {
	var in Fault
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.addFault(in)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "fault_invalid", err.Error()}
	}
	return *f, nil
}

func (s *Sim) ctlClearFaults(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	return map[string]any{"faults": []Fault{}}, nil
}

func (s *Sim) ctlRemoveFault(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.ID == r.PathValue("id") })
	if i < 0 {
		return nil, &refusal{http.StatusNotFound, "fault_unknown", "没有这个故障"}
	}
	removed := *s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return removed, nil
}

func (s *Sim) ctlSettings(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings, nil
}

// ctlChangeSettings takes the fields to change; the others keep their values.
func (s *Sim) ctlChangeSettings(r *http.Request) (any, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "body_invalid", "请求体有误"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.settings
	if err := strictDecoder(strings.NewReader(string(raw))).Decode(&next); err != nil {
		return nil, &refusal{http.StatusBadRequest, "body_invalid", "请求体有误：" + err.Error()}
	}
	if err := next.validate(); err != nil {
		return nil, &refusal{http.StatusBadRequest, "settings_invalid", err.Error()}
	}
	s.settings = next
	return next, nil
}

func (s *Sim) ctlAddTemplate(r *http.Request) (any, error) {
	var in struct {
		Name   string          `json:"name"`
		Title  string          `json:"title"`
		Fields []TemplateField `json:"fields"`
		For    string          `json:"for"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	t := Template{ID: newTemplateID(), Name: in.Name, Title: in.Title, Fields: in.Fields}
	if err := t.validate(); err != nil {
		return nil, &refusal{http.StatusBadRequest, "template_invalid", err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lists := map[string]*[]Template{
		"": &s.acc.Templates, "template": &s.acc.Templates, "oa_subscribe": &s.acc.OASubscribe, "mini_subscribe": &s.acc.MiniSubscribe,
	}
	to := lists[in.For]
	if to == nil {
		return nil, &refusal{http.StatusBadRequest, "template_invalid", "for 须为 template、oa_subscribe 或 mini_subscribe"}
	}
	*to = append(*to, t)
	if s.cfg.StateDir != "" {
		if err := s.acc.save(s.cfg.StateDir); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (s *Sim) ctlReset(*http.Request) (any, error) {
	s.Reset()
	return map[string]bool{"reset": true}, nil
}

// ctlVerifyURL asks the callback address to prove itself, as the console does when
// an operator saves it: GET with echostr, which must come back as it is.
func (s *Sim) ctlVerifyURL(r *http.Request) (any, error) {
	var in struct {
		App appKind `json:"app"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	a := s.apps[in.App]
	base, set := s.settings.PushBase, s.settings.push(in.App)
	echo, nonce, timestamp := s.ids.digits(19), s.ids.digits(10), strconv.FormatInt(s.now().Unix(), 10)
	s.mu.Unlock()
	if a == nil || base == "" {
		return nil, &refusal{http.StatusBadRequest, "app_invalid", "app 须为 oa 或 mini，且须先设 push_base"}
	}
	query := url.Values{
		"signature": {pushSignature(a.token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce}, "echostr": {echo},
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, base+set.Path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "push_base_invalid", "推送地址有误"}
	}
	resp, err := s.push.Do(req)
	if err != nil {
		return map[string]any{"verified": false, "error": plainError(err).Error()}, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, replyLimit))
	return map[string]any{
		"verified": err == nil && resp.StatusCode == http.StatusOK && string(body) == echo, "status": resp.StatusCode,
	}, nil
}
