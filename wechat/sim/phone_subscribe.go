package sim

import "net/http"

// choice is what a customer answers to one template that may be sent.
type choice struct {
	Template string `json:"template"` // id or short name
	Accept   bool   `json:"accept"`
}

// answerPopup is the question whether notices may be sent: each template accepted may
// be sent once more.
func (s *Sim) answerPopup(u *customer, kind appKind, scene string, choices []choice) (*Delivery, error) {
	if len(choices) == 0 || len(choices) > subscribeMost {
		return nil, &refusal{http.StatusBadRequest, "choices_invalid", "一次只能询问1至3个模板"}
	}
	var entries [][]pushField
	accepted := map[string]bool{}
	for _, c := range choices {
		t, known := s.subscribeTemplate(kind, c.Template)
		if _, twice := accepted[t.ID]; !known || twice {
			return nil, &refusal{http.StatusNotFound, "template_unknown", "没有这个订阅模板，或重复了：" + c.Template}
		}
		accepted[t.ID] = c.Accept
		entries = append(entries, []pushField{
			text("TemplateId", t.ID), text("SubscribeStatusString", map[bool]string{true: "accept", false: "reject"}[c.Accept]), text("PopupScene", scene),
		})
	}
	words := "拒绝了订阅消息"
	for id, yes := range accepted {
		if yes {
			u.credits[kind][id]++
			words = "允许了订阅消息"
		}
	}
	u.seen(kind, s.now())
	s.receive(u, Message{App: kind, Mine: true, Kind: "event", Text: words})
	return s.emit(s.newPush(kind, u, "subscribe_msg_popup_event", s.now(), false, []pushField{list("SubscribeMsgPopupEvent", entries...)})), nil
}

// takeBack switches a template off in the phone's settings; nothing that was allowed
// before may be sent any more.
func (s *Sim) takeBack(u *customer, kind appKind, template string) (*Delivery, error) {
	t, known := s.subscribeTemplate(kind, template)
	if !known {
		return nil, &refusal{http.StatusNotFound, "template_unknown", "没有这个订阅模板"}
	}
	delete(u.credits[kind], t.ID)
	s.receive(u, Message{App: kind, Mine: true, Kind: "event", Text: "关闭了订阅消息「" + t.Title + "」"})
	return s.emit(s.newPush(kind, u, "subscribe_msg_change_event", s.now(), false, []pushField{
		list("SubscribeMsgChangeEvent", []pushField{text("TemplateId", t.ID), text("SubscribeStatusString", "reject")}),
	})), nil
}

func (s *Sim) ctlSubscribe(r *http.Request) (any, error) {
	var in struct {
		App     appKind  `json:"app"`
		Choices []choice `json:"choices"`
		Scene   string   `json:"scene"` // 服务号: 1 in a web page, 2 in an article
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	kind, err := subscribing(in.App)
	if err != nil {
		return nil, err
	}
	if in.Scene == "" {
		in.Scene = map[appKind]string{kindMini: "0", kindOA: "1"}[kind]
	}
	if in.Scene != "0" && in.Scene != "1" && in.Scene != "2" {
		return nil, &refusal{http.StatusBadRequest, "scene_invalid", "scene 须为 0、1 或 2"}
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.answerPopup(u, kind, in.Scene, in.Choices) })
}

func (s *Sim) ctlTakeBack(r *http.Request) (any, error) {
	var in struct {
		App      appKind `json:"app"`
		Template string  `json:"template"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	kind, err := subscribing(in.App)
	if err != nil {
		return nil, err
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.takeBack(u, kind, in.Template) })
}

// subscribing is the app a subscribe message is of; the mini-program unless said.
func subscribing(kind appKind) (appKind, error) {
	switch kind {
	case "", kindMini:
		return kindMini, nil
	case kindOA:
		return kindOA, nil
	}
	return "", &refusal{http.StatusBadRequest, "app_invalid", "app 须为 oa 或 mini"}
}

// subscriptionBody is one template and how often it may still be sent to a customer.
type subscriptionBody struct {
	App     appKind `json:"app"`
	ID      string  `json:"template_id"`
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Credits int     `json:"credits"`
}

func (s *Sim) ctlSubscriptions(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	out := []subscriptionBody{}
	for _, kind := range []appKind{kindMini, kindOA} {
		for _, t := range s.subscribeTemplates(kind) {
			out = append(out, subscriptionBody{kind, t.ID, t.Name, t.Title, u.credits[kind][t.ID]})
		}
	}
	return map[string]any{"subscriptions": out}, nil
}
