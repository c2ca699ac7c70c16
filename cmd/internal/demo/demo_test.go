package demo

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	h := LocalOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for host, want := range map[string]int{
		"127.0.0.1:8091": 204, "localhost:8091": 204, "[::1]:8091": 204, "127.0.0.1": 204,
		"evil.example": 403, "evil.example:8091": 403, "10.0.0.1:8091": 403, "127.0.0.1.evil.example": 403, "": 403,
	} {
		r := httptest.NewRequest("GET", "/_sim/users", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}
