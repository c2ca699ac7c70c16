package sim

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Template is a 类目模板 of the official account, or a template of subscribe messages.
type Template struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"` // our short name for it
	Title  string          `json:"title"`
	Fields []TemplateField `json:"fields"`
}

// TemplateField is one line of a template. The letters of Key are its type.
type TemplateField struct {
	Key   string   `json:"key"` // thing1, time2, amount3 …
	Label string   `json:"label"`
	Enum  []string `json:"enum,omitempty"` // the only values of an enum field
}

// shopTemplates are the notices a shop with members sends.
func shopTemplates() []Template {
	templates := []Template{
		{Name: "membership", Title: "会员卡开通成功通知", Fields: []TemplateField{
			{Key: "thing1", Label: "会员卡"}, {Key: "amount2", Label: "支付金额"}, {Key: "time3", Label: "开通时间"}, {Key: "thing4", Label: "有效期"}}},
		{Name: "membership_ending", Title: "会员到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "会员卡"}, {Key: "date2", Label: "到期日期"}, {Key: "thing3", Label: "温馨提示"}}},
		{Name: "membership_refund", Title: "退款到账通知", Fields: []TemplateField{
			{Key: "thing1", Label: "会员卡"}, {Key: "amount2", Label: "退款金额"}, {Key: "time3", Label: "到账时间"}}},
		{Name: "visit", Title: "购后关怀通知", Fields: []TemplateField{
			{Key: "character_string1", Label: "订单编号"}, {Key: "thing2", Label: "商品"}, {Key: "time3", Label: "下单时间"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "tier", Title: "会员等级到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "会员等级"}, {Key: "time2", Label: "有效期至"}, {Key: "thing3", Label: "温馨提示"}}},
		{Name: "welcome", Title: "会员绑定成功通知", Fields: []TemplateField{
			{Key: "thing1", Label: "会员"}, {Key: "time2", Label: "绑定时间"}, {Key: "thing3", Label: "温馨提示"}}},
		{Name: "points", Title: "积分变动提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "变动原因"}, {Key: "number2", Label: "变动积分"}, {Key: "number3", Label: "当前积分"}, {Key: "time4", Label: "变动时间"}}},
		{Name: "coupon", Title: "优惠券到账提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "优惠券"}, {Key: "amount2", Label: "面额"}, {Key: "time3", Label: "有效期至"}, {Key: "thing4", Label: "使用说明"}}},
		{Name: "coupon_expiring", Title: "优惠券到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "优惠券"}, {Key: "number2", Label: "数量"}, {Key: "time3", Label: "最早到期"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "gift", Title: "积分兑换成功通知", Fields: []TemplateField{
			{Key: "thing1", Label: "兑换商品"}, {Key: "number2", Label: "使用积分"}, {Key: "character_string3", Label: "兑换单号"}, {Key: "time4", Label: "兑换时间"}}},
	}
	return withIDs(templates)
}

// shopOASubscribe are the 订阅通知 of the 服务号.
func shopOASubscribe() []Template {
	return withIDs([]Template{
		{Name: "visit", Title: "购后关怀通知", Fields: []TemplateField{
			{Key: "character_string1", Label: "订单编号"}, {Key: "thing2", Label: "商品"}, {Key: "time3", Label: "下单时间"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "coupon_expiring", Title: "优惠券到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "优惠券"}, {Key: "number2", Label: "数量"}, {Key: "time3", Label: "最早到期"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "activity", Title: "活动开始提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "活动"}, {Key: "time2", Label: "开始时间"}, {Key: "thing3", Label: "温馨提示"}}},
	})
}

// shopMiniSubscribe are the one-time 订阅消息 of the mini-program.
func shopMiniSubscribe() []Template {
	return withIDs([]Template{
		{Name: "visit", Title: "购后关怀通知", Fields: []TemplateField{
			{Key: "character_string1", Label: "订单编号"}, {Key: "thing2", Label: "商品"}, {Key: "time3", Label: "下单时间"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "coupon_expiring", Title: "优惠券到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "优惠券"}, {Key: "number2", Label: "数量"}, {Key: "time3", Label: "最早到期"}, {Key: "thing4", Label: "温馨提示"}}},
		{Name: "points_expiring", Title: "积分到期提醒", Fields: []TemplateField{
			{Key: "number1", Label: "即将到期积分"}, {Key: "date2", Label: "到期日期"}, {Key: "thing3", Label: "温馨提示"}}},
		{Name: "membership_ending", Title: "会员到期提醒", Fields: []TemplateField{
			{Key: "thing1", Label: "会员卡"}, {Key: "date2", Label: "到期日期"}, {Key: "thing3", Label: "温馨提示"}}},
		{Name: "gift_shipped", Title: "兑换商品发货通知", Fields: []TemplateField{
			{Key: "thing1", Label: "商品"}, {Key: "character_string2", Label: "快递单号"}, {Key: "time3", Label: "发货时间"}}},
	})
}

func withIDs(templates []Template) []Template {
	for i := range templates {
		templates[i].ID = newTemplateID()
	}
	return templates
}

// newTemplateID has the 43 characters of a real one.
func newTemplateID() string { return "SIM-" + randomHex(19) + "-" }

func (t Template) validate() error {
	if t.Title == "" || len(t.Fields) == 0 || len(t.Fields) > 10 {
		return fmt.Errorf("a template has a title and 1 to 10 fields")
	}
	for _, f := range t.Fields {
		kind := fieldKind(f.Key)
		if _, known := fieldRules[kind]; (!known && kind != "enum") || kind == f.Key {
			return fmt.Errorf("field key %q is not a known type and a number", f.Key)
		}
		if kind == "enum" && len(f.Enum) == 0 {
			return fmt.Errorf("field %s needs its values", f.Key)
		}
	}
	return nil
}

// templateValue is what a message puts into one field.
type templateValue struct {
	Value string `json:"value"`
}

// fill puts the data into the fields; problem is what 47003 says when it does not fit.
func (t Template) fill(data map[string]templateValue) (fields []MessageField, problem string) {
	for _, f := range t.Fields {
		value := data[f.Key].Value
		if value == "" {
			return nil, "argument invalid! data." + f.Key + ".value is emtpy" // the platform's own spelling
		}
		if !f.accepts(value) {
			return nil, "argument invalid! data." + f.Key + ".value invalid"
		}
		fields = append(fields, MessageField{f.Key, f.Label, value})
	}
	return fields, ""
}

func fieldKind(key string) string { return strings.TrimRight(key, "0123456789") }

// accepts tells whether value fits the field's type. Characters are counted, not bytes.
func (f TemplateField) accepts(value string) bool {
	kind := fieldKind(f.Key)
	if kind == "enum" {
		for _, v := range f.Enum {
			if v == value {
				return true
			}
		}
		return false
	}
	rule, known := fieldRules[kind]
	return known && strings.TrimSpace(value) != "" && rule(value)
}

// fieldRules are the value limits of the platform's parameter table.
var fieldRules = map[string]func(string) bool{
	"thing":            func(v string) bool { return utf8.RuneCountInString(v) <= 20 },
	"number":           matches(`^-?\d{1,32}(\.\d+)?$`, 32),
	"letter":           matches(`^[A-Za-z]{1,32}$`, 32),
	"symbol":           func(v string) bool { return utf8.RuneCountInString(v) <= 5 && !strings.ContainsFunc(v, isWord) },
	"character_string": matches(`^[\x21-\x7e]{1,32}$`, 32),
	"time":             matches(`^(`+dayPattern+` ?)?`+clockPattern+`([~～]((`+dayPattern+` ?)?`+clockPattern+`))?$|^`+dayPattern+`$`, 64),
	"date":             matches(`^`+dayPattern+`( ?`+clockPattern+`)?([~～]`+dayPattern+`( ?`+clockPattern+`)?)?$`, 64),
	"amount":           matches(`^[¥￥$€£]?-?\d{1,10}(\.\d{1,2})?元?$`, 16),
	"phone_number":     matches(`^[0-9+\-() ]{1,17}$`, 17),
	"car_number":       func(v string) bool { return utf8.RuneCountInString(v) <= 8 },
	"name":             isName,
	"phrase":           func(v string) bool { return utf8.RuneCountInString(v) <= 5 && allHan(v) },
}

const (
	dayPattern   = `\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})`
	clockPattern = `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?`
)

func matches(pattern string, longest int) func(string) bool {
	re := regexp.MustCompile(pattern)
	return func(v string) bool { return utf8.RuneCountInString(v) <= longest && re.MatchString(v) }
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func allHan(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return !unicode.Is(unicode.Han, r) })
}

// isName: 10 Chinese characters, or 20 letters and symbols.
func isName(v string) bool {
	n := utf8.RuneCountInString(v)
	if strings.ContainsFunc(v, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return n <= 10
	}
	return n <= 20 && !strings.ContainsFunc(v, unicode.IsDigit)
}
