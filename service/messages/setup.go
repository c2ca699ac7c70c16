package messages

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"huitou/model"
	"huitou/wechat"
)

// Problem is something wrong with how a template is set up.
type Problem struct {
	Template string
	Channel  model.MessageChannel // empty: of the template itself
	Field    string
	Rule     PolicyRule // of the platform, when one is broken
	Says     string
}

func (p Problem) String() string {
	return strings.Join(slices.DeleteFunc([]string{p.Template, string(p.Channel), p.Field, p.Says}, func(s string) bool { return s == "" }), ": ")
}

// Check returns everything that is wrong with templates, before a single message fails of it: channels without a form, fields of no
// kind that the platform knows, cuts of what must not be cut, texts that break a rule of the platform.
func Check(templates map[string]Template) (out []Problem) {
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		t := templates[name]
		add := func(c model.MessageChannel, field, says string, args ...any) {
			out = append(out, Problem{Template: name, Channel: c, Field: field, Says: fmt.Sprintf(says, args...)})
		}
		if !slices.Contains(model.MessagePurposes, t.purpose()) {
			add("", "purpose", "没有这种用途:%s", t.Purpose)
		}
		for i, c := range t.Channels {
			if _, ok := t.Forms[c]; !ok {
				add(c, "", "列在渠道顺序中,但没有配置")
			}
			if slices.Contains(t.Channels[:i], c) {
				add(c, "", "在渠道顺序中出现两次")
			}
		}
		if len(t.order()) == 0 {
			add("", "", "没有配置任何渠道,消息不会发出")
		}
		for _, c := range slices.Sorted(maps.Keys(t.Forms)) {
			checkForm(c, t.Forms[c], add)
		}
		texts := map[string]string{}
		for c, f := range t.Forms {
			texts[string(c)] = f.Text
		}
		for _, b := range Breaches(t.purpose(), t.order(), texts, nil) {
			out = append(out, Problem{Template: name, Field: b.Field, Rule: b.Rule, Says: b.Rule.Says() + ":" + b.Word})
		}
	}
	return out
}

var (
	fieldKey = regexp.MustCompile(`^[a-z_]+[0-9]{1,2}$`)
	ourName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

func checkForm(c model.MessageChannel, f Form, add func(c model.MessageChannel, field, says string, args ...any)) {
	if !slices.Contains(model.MessageChannels, c) {
		add(c, "", "没有这种渠道")
		return
	}
	for field, name := range f.Fields {
		if !ourName.MatchString(name) {
			add(c, field, "对应的变量名 %q 无效", name)
		}
	}
	for _, field := range f.Cut {
		if _, ok := f.Fields[field]; !ok {
			add(c, field, "允许截断,但模板没有这个字段")
		}
	}
	switch c {
	case model.ChannelCustomerService:
		if strings.TrimSpace(f.Text) == "" {
			add(c, "text", "客服消息没有内容")
		}
		if len(f.Text) > 2048 {
			add(c, "text", "客服消息超过 2048 字节")
		}
	case model.ChannelSMS:
		if f.ID == "" {
			add(c, "id", "没有短信模板编号")
		}
	default:
		if f.ID == "" {
			add(c, "id", "没有模板编号")
		}
		if len(f.Fields) == 0 {
			add(c, "fields", "没有字段,微信会拒绝空模板")
		}
		for field := range f.Fields {
			checkField(c, field, slices.Contains(f.Cut, field), add)
		}
	}
}

func checkField(c model.MessageChannel, field string, cut bool, add func(c model.MessageChannel, field, says string, args ...any)) {
	kind := wechat.KindOfField(field)
	limit, known := wechat.FieldLimits[kind]
	switch {
	case !known || !fieldKey.MatchString(field):
		add(c, field, "不是微信的字段类型(如 thing1、time2、amount3)")
	case cut && !wechat.MayCut(kind):
		add(c, field, "不能截断:%s 截断后意思就变了(%s)", kind, limit.Rule)
	}
}

// templateNames are our names of all templates, in order.
func (s *Service) templateNames() []string { return slices.Sorted(maps.Keys(s.Templates)) }

// Known is a template in use.
type Known struct {
	Name     string
	Purpose  model.MessagePurpose
	Channels []model.MessageChannel
}

// SetUp returns the templates in use, by name.
func (s *Service) SetUp() (out []Known) {
	for _, name := range s.templateNames() {
		t := s.Templates[name]
		out = append(out, Known{name, t.purpose(), t.order()})
	}
	return out
}

// Problems returns what is wrong with the templates in use, and those whose channel nobody sends for.
func (s *Service) Problems() []Problem {
	out := Check(s.Templates)
	for _, name := range s.templateNames() {
		for _, c := range s.Templates[name].order() {
			if !s.connected(c) {
				out = append(out, Problem{Template: name, Channel: c, Says: "该渠道没有接入,会跳过"})
			}
		}
	}
	return out
}
