package wechat_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"huitou/wechat"
)

func TestCheckTemplateData(t *testing.T) {
	good := map[string][]string{
		"thing1":             {"会员卡续费提醒", strings.Repeat("回", 20), "a", "拿铁 大杯 ×2"},
		"number2":            {"1", "12.5", strings.Repeat("9", 32)},
		"letter3":            {"abcXYZ"},
		"symbol4":            {"+-!%"},
		"character_string5":  {"SF1234-567_8", "A B"},
		"time6":              {"2019年10月1日 15:01", "15:01", "2026-03-01 09:30:00", "15:01~16:30"},
		"date7":              {"2019年10月1日", "2019-12-25 09:42", "2026/3/1", "2026年3月1日~2026年3月8日"},
		"amount8":            {"￥100.00", "12元", "¥0.01", "9999999999"},
		"phone_number9":      {"13800138000", "+86-0766-6688886"},
		"car_number10":       {"粤A8Z888", "京AD12345"},
		"name11":             {"张三丰", "John Smith"},
		"phrase12":           {"已完成"},
		"keyword1":           {strings.Repeat("长", 100)},
		"const13":            {"已发货"},
		"first":              {"您好"},
		"some_unknown_kind1": {"任何内容"},
	}
	for key, values := range good {
		for _, v := range values {
			if err := wechat.CheckTemplateData(map[string]string{key: v}); err != nil {
				t.Errorf("%s = %q: %v", key, v, err)
			}
		}
	}
	bad := map[string][]string{
		"thing1":            {"", " ", strings.Repeat("回", 21), "\xff"},
		"number2":           {"12a", "１２", strings.Repeat("9", 33), "1."},
		"letter3":           {"ab1", "é", strings.Repeat("a", 33)},
		"symbol4":           {"abc", "!!!!!!"},
		"character_string5": {"单号1", strings.Repeat("x", 33)},
		"time6":             {"明天", "2019-10-01"},
		"date7":             {"明天", "15:01"},
		"amount8":           {"一百", "12345678901", "1,000.00", "$$1"},
		"phone_number9":     {"一三八", strings.Repeat("1", 18)},
		"car_number10":      {"粤A 8Z888", "粤AAAAAAAAA"},
		"name11":            {strings.Repeat("张", 11), "R2D2", strings.Repeat("a", 21)},
		"phrase12":          {"done", "已经完成发货"},
		"keyword1":          {""},
	}
	for key, values := range bad {
		for _, v := range values {
			if err := wechat.CheckTemplateData(map[string]string{key: v}); err == nil {
				t.Errorf("%s = %q was accepted", key, v)
			}
		}
	}
}

func TestCheckTemplateDataListsEveryFault(t *testing.T) {
	private := strings.Repeat("张", 30)
	err := wechat.CheckTemplateData(map[string]string{
		"thing2": private, "amount1": "免费", "date3": "2026-03-01", "phrase4": "",
	})
	var data *wechat.DataError
	if !errors.As(err, &data) {
		t.Fatalf("error = %v, want a DataError", err)
	}
	var keys []string
	for _, f := range data.Faults {
		keys = append(keys, f.Key)
	}
	if want := []string{"amount1", "phrase4", "thing2"}; !slices.Equal(keys, want) {
		t.Errorf("faulty keys %v, want %v", keys, want)
	}
	if strings.Contains(err.Error(), private) {
		t.Error("the error repeats a value")
	}
}

func TestTruncate(t *testing.T) {
	tests := []struct {
		kind wechat.FieldKind
		in   string
		want string
	}{
		{wechat.FieldThing, "短", "短"},
		{wechat.FieldThing, strings.Repeat("长", 25), strings.Repeat("长", 19) + "…"},
		{wechat.FieldThing, strings.Repeat("😀", 21), strings.Repeat("😀", 19) + "…"},
		{wechat.FieldThing, " 两行\n文字\t", "两行 文字"},
		{wechat.FieldThing, "坏\xff字", "坏字"},
		{wechat.FieldPhrase, "已完成 100%了吧哈", "已完成了吧"},
		{wechat.FieldString, "单号SF123", "SF123"},
		{wechat.FieldName, strings.Repeat("欧", 12), strings.Repeat("欧", 10)},
		{wechat.FieldName, strings.Repeat("a", 30), strings.Repeat("a", 20)},
		{wechat.FieldAmount, "12345678901.00元", "12345678901.00元"},
	}
	for _, tt := range tests {
		if got := wechat.Truncate(tt.kind, tt.in); got != tt.want {
			t.Errorf("Truncate(%s, %q) = %q, want %q", tt.kind, tt.in, got, tt.want)
		}
	}
}

// Whatever a text kind is given, what comes back is not too long.
func FuzzTruncate(f *testing.F) {
	f.Add("会员生日快乐，送您一张满一百减二十的优惠券")
	f.Add("\xff\xfe \n 張三 abc 😀😀")
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []wechat.FieldKind{
			wechat.FieldThing, wechat.FieldPhrase, wechat.FieldString, wechat.FieldName, wechat.FieldConst,
		} {
			got := wechat.Truncate(kind, s)
			if n := utf8.RuneCountInString(got); n > wechat.FieldLimits[kind].MaxRunes || !utf8.ValidString(got) {
				t.Errorf("Truncate(%s, %q) = %q, %d characters", kind, s, got, n)
			}
		}
	})
}
