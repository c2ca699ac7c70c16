package surveys

import "huitou/service/messages"

// Guard refuses texts that promise something for following, sharing or praise. It returns ErrInducement with what gave the text away and the
// rule. It knows the usual words only; what merchants say in other words stays their responsibility.
func Guard(texts ...string) error {
	for _, t := range texts {
		for _, b := range messages.Breaches("", nil, map[string]string{"text": t}, nil) {
			return ErrInducement.With("text", b.Word).With("rule", b.Rule.Says())
		}
	}
	return nil
}
