package aftersale

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/members"
)

// LookUp is a member of staff who wants to know why somebody did or did not get a message.
type LookUp struct {
	Staff model.StaffID
	Ref   members.Ref
}

// LookUp finds the member. Whoever asks by a phone number leaves an entry in the staff trail, with the member and without the number, also
// when nobody has it: numbers can be tried out. It returns fault.ErrInvalid, members.ErrUnknown and what else members.FindTx does.
func (s *Service) LookUp(ctx context.Context, in LookUp) (id model.MemberID, err error) {
	unknown := false
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = s.Members.FindTx(ctx, tx, in.Ref)
		if unknown = errors.Is(err, members.ErrUnknown); err != nil && !unknown {
			return err
		}
		if in.Ref.Phone == "" {
			return nil
		}
		ref := ""
		if !unknown {
			ref = fmt.Sprintf("member:%d", id)
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "messages.why", Ref: ref, Detail: map[string]any{"by": "phone", "found": !unknown}})
	})
	if err == nil && unknown {
		err = members.ErrUnknown
	}
	return id, err
}
