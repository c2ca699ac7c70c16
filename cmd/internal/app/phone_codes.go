package app

import (
	"context"
	"time"

	"huitou/model/db"
	"huitou/service/members"
	"huitou/service/messages"
)

// codeWithin is how long a code is worth sending: it lives five minutes.
const codeWithin = 5 * time.Minute

// textedCodes brings verification codes to phones by text message. The outbox is made after members, so it is asked for when it is
// needed.
type textedCodes struct{ outbox func() *messages.Service }

// SendCode writes the job.
func (c textedCodes) SendCode(ctx context.Context, tx *db.Tx, phone, code string) error {
	return c.outbox().SendCodeTx(ctx, tx, phone, code, tx.Now.Add(codeWithin))
}

// newCodeSender returns how codes are sent, nil when they cannot be.
func newCodeSender(s Settings, outbox func() *messages.Service) members.CodeSender {
	if s.SMS == nil {
		return nil
	}
	return textedCodes{outbox}
}
