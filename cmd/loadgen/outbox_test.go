package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"huitou/model"
)

// A small drain end to end.
func TestOutboxDrains(t *testing.T) {
	t.Parallel()
	f := outboxFlags{people: 20, messages: 100, poison: 0.02}
	f.load.rounds, f.load.instances, f.load.store.folder = 1, 1, t.TempDir()
	var out bytes.Buffer
	if err := f.run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"1 failed, 1 unknown", "300 messages queued, 299 on the phones of 20 people", "invariants hold"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, &out)
		}
	}
}

func TestCompareBillets(t *testing.T) {
	good, bad := billet{key: "k1", number: "N1"}, billet{key: "k2", number: "N2", venom: venomRefused}
	for _, tt := range []struct {
		name  string
		shown map[string]int
		good  model.Message
		want  string
	}{
		{"all is well", map[string]int{"N1": 1}, model.Message{State: model.MessageDelivered}, ""},
		{"seen twice", map[string]int{"N1": 2}, model.Message{State: model.MessageDelivered}, "phones: N1 is on a phone 2 times instead of 1"},
		{"never seen", nil, model.Message{State: model.MessageDelivered}, "phones: N1 is on a phone 0 times instead of 1"},
		{"the poison was seen", map[string]int{"N1": 1, "N2": 1}, model.Message{State: model.MessageDelivered}, "phones: N2 is on a phone 1 times instead of 0"},
		{"not reported", map[string]int{"N1": 1}, model.Message{State: model.MessageAccepted}, `states: N1 ended as accepted "" instead of delivered ""`},
		{"lost", map[string]int{"N1": 1}, model.Message{}, `states: N1 ended as  "" instead of delivered ""`},
	} {
		rows := map[string]model.Message{"k1": tt.good, "k2": {State: model.MessageFailed, Reason: "bug"}}
		if found, _ := compareBillets([]billet{good, bad}, tt.shown, rows); strings.Join(found, "\n") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, found, tt.want)
		}
	}
}

func TestBillets(t *testing.T) {
	list := newBillets(7, 1000, 0.01, 30)
	by, bad, keys := map[model.MessageChannel]int{}, map[venom]int{}, map[string]bool{}
	for _, m := range list {
		by[m.by]++
		keys[m.key] = true
		if m.venom != "" {
			bad[m.venom]++
		}
		if m.venom != "" && m.by != model.ChannelOATemplate || len(m.number) > 32 || m.to >= 30 {
			t.Errorf("%+v", m)
		}
	}
	if len(keys) != 1000 || by[model.ChannelOASubscribe] < 90 || by[model.ChannelMiniSubscribe] < 90 {
		t.Errorf("%d keys, %v", len(keys), by)
	}
	for _, v := range venoms {
		if bad[v] != 2 {
			t.Errorf("%d poisoned by %s, want 2", bad[v], v)
		}
	}
	if slices.ContainsFunc(newBillets(0, 1000, 0, 30), func(m billet) bool { return m.venom != "" }) {
		t.Error("a clean turn has poison")
	}
}

func TestMedian(t *testing.T) {
	for want, list := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 2, 3}, 7: {7}} {
		if got := median(list); got != want {
			t.Errorf("median of %v = %v, want %v", list, got, want)
		}
	}
}

func TestOutboxRefusesBadSettings(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"outbox"},
		{"outbox", "--sqlite", dir, "--people", "0"},
		{"outbox", "--sqlite", dir, "--messages", "50"},
		{"outbox", "--sqlite", dir, "--people", "10"}, // whose phones would not keep it all
		{"outbox", "--sqlite", dir, "--poison", "51"},
		{"outbox", "--sqlite", dir, "--instances", "2"},
		{"outbox", "--sqlite", dir, "--rounds", "0"},
	} {
		if code := run(args); code == 0 {
			t.Errorf("loadgen %v succeeded", args)
		}
	}
}
