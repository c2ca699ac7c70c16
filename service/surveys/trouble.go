package surveys

import (
	"context"
	"strconv"
	"strings"

	"huitou/model"
	"huitou/model/db"
)

// SourceOfTask returns the source of the invitation whose answer opened a task, by the task's source; "" when it is another task.
func (s *Service) SourceOfTask(ctx context.Context, task string) (source string, err error) {
	id, ok := invitationIn(task)
	if !ok {
		return "", nil
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := invitationByID(tx, id)
		source = row.Source
		return err
	})
	return source, err
}

// TroubledTx reports whether an answer opened tasks that staff have not closed.
func (s *Service) TroubledTx(_ context.Context, tx *db.Tx, source string) (bool, error) {
	return troubled(tx, source)
}

// invitationIn reads "survey:12:low_score".
func invitationIn(task string) (model.SurveyInvitationID, bool) {
	rest, ok := strings.CutPrefix(task, "survey:")
	number, _, more := strings.Cut(rest, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	return model.SurveyInvitationID(id), ok && more && err == nil && id > 0
}
