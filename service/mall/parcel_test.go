package mall

import "testing"

func TestHidden(t *testing.T) {
	for phone, want := range map[string]string{
		"13812341234": "138****1234", "+8613812341234": "+86****1234", "123456": "****3456", "12345678": "123****5678", "": "****",
	} {
		if got := hidden(phone); got != want {
			t.Errorf("%q: %q, want %q", phone, got, want)
		}
	}
}
