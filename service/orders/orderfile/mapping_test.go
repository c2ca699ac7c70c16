package orderfile

import (
	"slices"
	"strings"
	"testing"
)

func TestParseMapping(t *testing.T) {
	tests := []struct {
		text  string
		want  Mapping
		given []string
		fault string
	}{
		{"", DefaultMapping, nil, ""},
		{"member=customer_id,paid_at=date,amount=dollar_value", Mapping{Number: "number", Member: "customer_id", PaidAt: "date", Amount: "dollar_value"}, []string{"amount", "member", "paid_at"}, ""},
		{" number = 订单 号 , amount=#4", Mapping{Number: "订单 号", Member: "member", PaidAt: "paid_at", Amount: "#4"}, []string{"amount", "number"}, ""},
		{"number=a=b", Mapping{Number: "a=b", Member: "member", PaidAt: "paid_at", Amount: "amount"}, []string{"number"}, ""},
		{"number", Mapping{}, nil, "not of the form"},
		{"number=", Mapping{}, nil, "not of the form"},
		{"member=a,member=b", Mapping{}, nil, "mapped twice"},
		{"price=a", Mapping{}, nil, "unknown column"},
	}
	for _, tt := range tests {
		m, given, err := ParseMapping(tt.text)
		switch {
		case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
			t.Errorf("ParseMapping(%q) = %v, want %q", tt.text, err, tt.fault)
		case tt.fault == "" && (err != nil || m != tt.want || !slices.Equal(given, tt.given)):
			t.Errorf("ParseMapping(%q) = %+v, %v, %v", tt.text, m, given, err)
		}
	}
}

func TestLineNumbers(t *testing.T) {
	if have := LineNumbers("CDNOW_master.txt"); have != "CDNOW_master.txt:" {
		t.Errorf("LineNumbers = %q", have)
	}
	a, b := LineNumbers("三月订单.csv"), LineNumbers("四月订单.csv")
	if a == b || len(a) > 20 {
		t.Errorf("LineNumbers of two Chinese names = %q and %q", a, b)
	}
	if _, err := orderNumber(a + "1234567890"); err != nil {
		t.Errorf("the number %q is refused: %v", a+"1234567890", err)
	}
}
