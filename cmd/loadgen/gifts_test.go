package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGiftsBothWays(t *testing.T) {
	f := small(t)
	f.hot = hotGift
	var out bytes.Buffer
	if err := f.run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"product 1", "plain 1", "ratio", "every acknowledged redemption is there once"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	for _, way := range []string{"product", "plain"} {
		text, err := os.ReadFile(filepath.Join(f.out, "answers-"+way+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), " 201 "); n != 200 {
			t.Errorf("%s: %d acknowledgements are recorded, want 200", way, n)
		}
		if n := strings.Count(string(text), " 409 mall.sold_out\n"); n != 10 {
			t.Errorf("%s: %d refusals are recorded, want 10", way, n)
		}
	}
}
