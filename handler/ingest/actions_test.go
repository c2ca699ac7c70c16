package ingest_test

import (
	"net/http"
	"strings"
	"testing"
)

const reviewed = `{"action":"review","key":"review:1001:1","member":{"phone":"13800000000"}}`

func TestIngestAction(t *testing.T) {
	send := shop(t)
	if rec, body := send("/actions", reviewed); rec.Code != http.StatusNotFound || body["code"] != "members.unknown" {
		t.Errorf("of somebody unknown: %d %v", rec.Code, body)
	}
	send("/orders", paid)
	for i, want := range []int{http.StatusCreated, http.StatusOK} {
		rec, body := send("/actions", reviewed)
		if rec.Code != want || body["points"] != 10.0 || body["fresh"] != (i == 0) {
			t.Errorf("review no. %d: %d %v", i, rec.Code, body)
		}
	}
	for _, key := range []string{"review:2", "review:3"} {
		if rec, body := send("/actions", strings.Replace(reviewed, "review:1001:1", key, 1)); rec.Code != http.StatusCreated {
			t.Errorf("%s: %d %v", key, rec.Code, body)
		}
	}
	if rec, body := send("/actions", strings.Replace(reviewed, "review:1001:1", "review:4", 1)); rec.Code != http.StatusConflict || body["code"] != "earning.action_limit" {
		t.Errorf("a fourth review of one day: %d %v", rec.Code, body)
	}
	for name, change := range map[string][2]string{
		"sharing":             {`"review","key"`, `"share","key"`},
		"following":           {`"review","key"`, `"follow","key"`},
		"a check-in":          {`"review","key"`, `"check_in","key"`},
		"no key":              {`review:1001:1`, ``},
		"a key in Chinese":    {`review:1001:1`, `评价`},
		"points from out":     {`"action"`, `"points":9,"action"`},
		"nobody":              {`"phone":"13800000000"`, ``},
		"full-width digits":   {`13800000000`, `１３８０００００００`},
		"a member by his row": {`{"phone":"13800000000"}`, `7`},
	} {
		rec, body := send("/actions", strings.Replace(reviewed, change[0], change[1], 1))
		if rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
}
