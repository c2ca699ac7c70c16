package mall

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
)

// Address is where goods are sent. A redemption keeps it as it was, sealed.
type Address struct {
	Name     string `json:"name"`  // 1 to 30 characters
	Phone    string `json:"phone"` // 6 to 15 digits, a + before them is allowed
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"` // may be empty
	Detail   string `json:"detail"`   // street, house, room; 1 to 100 characters
}

var phoneForm = regexp.MustCompile(`^\+?[0-9]{6,15}$`)

// tidied returns the address without blanks around its parts.
func (a Address) tidied() Address {
	for _, part := range []*string{&a.Name, &a.Phone, &a.Province, &a.City, &a.District, &a.Detail} {
		*part = strings.TrimSpace(*part)
	}
	return a
}

// faults says what is wrong with an address, field by field.
func (a Address) faults() (bad []fault.Field) {
	for _, f := range []struct {
		name, value string
		least, most int
	}{
		{"name", a.Name, 1, 30}, {"province", a.Province, 1, 20}, {"city", a.City, 1, 20}, {"district", a.District, 0, 20}, {"detail", a.Detail, 1, 100},
	} {
		n := utf8.RuneCountInString(f.value)
		if n < f.least || n > f.most || !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) {
			bad = append(bad, fault.Field{Name: "address." + f.name, Reason: fmt.Sprintf("must be %d to %d characters on one line", f.least, f.most)})
		}
	}
	if !phoneForm.MatchString(a.Phone) {
		bad = append(bad, fault.Field{Name: "address.phone", Reason: "must be 6 to 15 digits"})
	}
	return bad
}

func (s *Service) sealAddress(id model.PublicID, a Address) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode an address: %w", err)
	}
	return s.seal.Seal("address:"+string(id), string(text)), nil
}

// address opens the address of a redemption; nil when it has none.
func (s *Service) address(r model.Redemption) (*Address, error) {
	if r.Address == "" {
		return nil, nil
	}
	text, err := s.seal.Open("address:"+string(r.PublicID), r.Address)
	if err != nil {
		return nil, fmt.Errorf("open the address of redemption %d: %w", r.ID, err)
	}
	var a Address
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("read the address of redemption %d: %w", r.ID, err)
	}
	return &a, nil
}
