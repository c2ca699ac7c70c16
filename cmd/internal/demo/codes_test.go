package demo

import (
	"fmt"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/service/qrcodes"
)

// A person who opens the simulator's page finds codes to scan, also after the program was started again and its WeChat has forgotten
// everything.
func TestCodesHangInTheShop(t *testing.T) {
	dir := t.TempDir()
	scenes := map[string]bool{}
	for range 2 {
		w := open(t, dir, standing, finest, nil)
		var shown []any
		for deadline := time.Now().Add(10 * time.Second); len(shown) < len(hung); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d codes hang, want %d", len(shown), len(hung))
			}
			shown, _ = w.ctl("GET", "/_sim/qrcodes", nil)["qrcodes"].([]any)
		}
		list, _, err := w.App.QRCodes.List(t.Context(), qrcodes.Filter{}, db.Page{})
		if err != nil || len(list) != len(hung) {
			t.Fatalf("%d codes, %v; want %d", len(list), err, len(hung))
		}
		for _, c := range list {
			scenes[c.Scene] = true
		}
		for _, q := range shown {
			if scene := q.(map[string]any)["scene"]; !scenes[fmt.Sprint(scene)] {
				t.Errorf("scene %q is no code's", scene)
			}
		}
		if len(scenes) != len(hung) {
			t.Errorf("%d scenes after a new start, want the same %d", len(scenes), len(hung))
		}
		w.stop()
	}
}
