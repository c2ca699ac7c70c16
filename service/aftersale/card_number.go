package aftersale

import (
	"context"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// cardNumber is how many letters of its token a card shows at least.
const cardNumber = 8

// CardOrder is the order of a printed card.
type CardOrder struct {
	OrderID        model.OrderID
	Source, Number string
	MadeAt         time.Time // when the card got its code
	Scans, Follows int64
}

// ByCardNumber returns the orders, at most 20, whose cards have a number that begins so: at least the 8 letters that are printed, in any case, with
// or without dashes and spaces, and with letters that look like a digit read as that. It returns fault.ErrInvalid for anything else.
func (s *Service) ByCardNumber(ctx context.Context, number string) (list []CardOrder, err error) {
	prefix := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(number))
	if n := len(prefix); n < cardNumber || n > tokenLength || !tokenForm.MatchString(prefix+strings.Repeat("0", tokenLength-n)) {
		return nil, fault.InvalidFields([]fault.Field{{Name: "token_prefix", Reason: "8 to 20 letters and digits, as the card shows them"}})
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = ordersOfTokens(tx, prefix, 20)
		return err
	})
	return list, err
}
