package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/wechat"
)

// cloud is Tencent's interface with one answer.
func cloud(t *testing.T, answer func(action string, body map[string]any) any) (*Tencent, *[]map[string]any) {
	t.Helper()
	var seen []map[string]any
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Errorf("body %q: %v", raw, err)
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "TC3-HMAC-SHA256 Credential=AKID-test/") {
			t.Errorf("signed with %q", r.Header.Get("Authorization"))
		}
		seen = append(seen, body)
		switch a := answer(r.Header.Get("X-TC-Action"), body).(type) {
		case int:
			w.WriteHeader(a)
		case string:
			_, _ = io.WriteString(w, a)
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"Response": a})
		}
	}))
	t.Cleanup(s.Close)
	sender, err := NewTencent(TencentConfig{SecretID: "AKID-test", SecretKey: "key", AppID: "1400", Sign: "回头", Region: "ap-guangzhou", Endpoint: strings.TrimPrefix(s.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	return sender, &seen
}

var hello = Message{Phone: "+8613800138000", Template: "77", Params: []string{"123456", "5"}, Text: "验证码123456", Ref: "ref"}

func TestTencentSends(t *testing.T) {
	c, seen := cloud(t, func(string, map[string]any) any {
		return map[string]any{"RequestId": "r", "SendStatusSet": []any{map[string]any{"Code": "Ok", "SerialNo": "5000:1"}}}
	})
	id, err := c.Send(t.Context(), hello)
	if err != nil || id != "5000:1" {
		t.Fatalf("Send = %q, %v", id, err)
	}
	got := fmt.Sprint((*seen)[0])
	for _, want := range []string{"PhoneNumberSet:[+8613800138000]", "SmsSdkAppId:1400", "SignName:回头", "TemplateId:77", "TemplateParamSet:[123456 5]", "SessionContext:ref"} {
		if !strings.Contains(got, want) {
			t.Errorf("request %s lacks %s", got, want)
		}
	}
}

// Only a refusal proves that nothing was sent; and no error tells whom or what.
func TestTencentRefusals(t *testing.T) {
	status := func(code string) any {
		return map[string]any{"RequestId": "r", "SendStatusSet": []any{map[string]any{"Code": code, "Message": "to +8613800138000: 123456"}}}
	}
	whole := func(code string) any {
		return map[string]any{"RequestId": "r", "Error": map[string]any{"Code": code, "Message": "+8613800138000 123456"}}
	}
	tests := []struct {
		answer any
		want   wechat.Class // empty: nobody knows
		today  bool
	}{
		{status("LimitExceeded.PhoneNumberDailyLimit"), wechat.ClassDenied, false},
		{status("LimitExceeded.PhoneNumberThirtySecondLimit"), wechat.ClassDenied, false},
		{status("LimitExceeded.AppMainlandChinaDailyLimit"), wechat.ClassQuota, true},
		{whole("RequestLimitExceeded"), wechat.ClassQuota, false},
		{status("FailedOperation.PhoneNumberInBlacklist"), wechat.ClassRecipient, false},
		{status("InvalidParameterValue.IncorrectPhoneNumber"), wechat.ClassRecipient, false},
		{status("FailedOperation.InsufficientBalanceInSmsPackage"), wechat.ClassConfig, false},
		{whole("AuthFailure.SignatureFailure"), wechat.ClassConfig, false},
		{whole("FailedOperation.SignatureIncorrectOrUnapproved"), wechat.ClassConfig, false},
		{status("InvalidParameterValue.TemplateParameterFormatError"), wechat.ClassBug, false},
		{status("SomethingNew"), wechat.ClassUnknown, false},
		{whole("InternalError.Timeout"), "", false},
		{status("InternalError.SendAndRecvFail"), "", false},
		{map[string]any{"RequestId": "r"}, "", false},
		{"<html>", "", false},
		{502, "", false},
	}
	for _, tt := range tests {
		c, seen := cloud(t, func(string, map[string]any) any { return tt.answer })
		_, err := c.Send(t.Context(), hello)
		var refused *Error
		switch {
		case err == nil:
			t.Errorf("%v was taken", tt.answer)
			continue
		case tt.want == "" && errors.As(err, &refused):
			t.Errorf("%v = %v, which is no proof that nothing was sent", tt.answer, err)
		case tt.want != "" && (!errors.As(err, &refused) || refused.Class() != tt.want || refused.Daily() != tt.today):
			t.Errorf("%v = %v, want class %s", tt.answer, err, tt.want)
		}
		if strings.Contains(err.Error(), "13800138000") || strings.Contains(err.Error(), "123456") {
			t.Errorf("the error tells secrets: %v", err)
		}
		if len(*seen) != 1 {
			t.Errorf("%d calls for one text", len(*seen))
		}
	}
}

func TestTencentMailbox(t *testing.T) {
	c, _ := cloud(t, func(action string, _ map[string]any) any {
		if action == "PullSmsSendStatus" {
			return map[string]any{"RequestId": "r", "PullSmsSendStatusSet": []any{
				map[string]any{"SerialNo": "1", "ReportStatus": "SUCCESS", "UserReceiveTime": 1795233600},
				map[string]any{"SerialNo": "2", "ReportStatus": "FAIL", "Description": "空号"}, map[string]any{}}}
		}
		return map[string]any{"RequestId": "r", "PullSmsReplyStatusSet": []any{map[string]any{"PhoneNumber": "+8613800138000", "ReplyContent": "退订", "ReplyTime": 1795233600}}}
	})
	receipts, err := c.Receipts(t.Context())
	if err != nil || len(receipts) != 2 || !receipts[0].Delivered || receipts[0].At.Unix() != 1795233600 || receipts[1].Delivered || receipts[1].Why != "空号" {
		t.Errorf("receipts %+v, %v", receipts, err)
	}
	replies, err := c.Replies(t.Context())
	if err != nil || len(replies) != 1 || replies[0].Phone != hello.Phone || replies[0].Text != "退订" {
		t.Errorf("replies %+v, %v", replies, err)
	}
}

func TestNewTencentWantsEverything(t *testing.T) {
	if _, err := NewTencent(TencentConfig{SecretID: "a", SecretKey: "b", AppID: "c", Sign: "d"}); err == nil {
		t.Error("a sender without a region was made")
	}
}

func TestFileKeepsEveryText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sms.jsonl")
	at := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	f := NewFile(path, func() time.Time { return at })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if id, err := f.Send(t.Context(), hello); err != nil || id == "" {
				t.Errorf("Send = %q, %v", id, err)
			}
		})
	}
	wg.Wait()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, line := range lines {
		var m struct{ Phone, Text string }
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Phone != hello.Phone || m.Text != hello.Text {
			t.Fatalf("line %q: %v", line, err)
		}
	}
	if info, err := os.Stat(path); err != nil || len(lines) != 50 || info.Mode().Perm() != 0o600 {
		t.Errorf("%d lines, %v, %v", len(lines), info.Mode(), err)
	}
	if _, err := NewFile(t.TempDir(), time.Now).Send(t.Context(), hello); err == nil {
		t.Error("a text was written into a folder")
	}
}
