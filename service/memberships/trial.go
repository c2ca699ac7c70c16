package memberships

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// persons are the ways by which a member's person may be known again: the account, the unionid and the phone number. Accounts that are
// merged later keep the rows of both.
func (s *Service) persons(ctx context.Context, tx *db.Tx, m model.MemberID) ([]string, error) {
	list := []string{fmt.Sprintf("member:%d", m)}
	p, err := s.people.PersonTx(ctx, tx, m)
	if err != nil {
		return nil, fmt.Errorf("read who member %d is: %w", m, err)
	}
	if p.UnionHash != "" {
		list = append(list, "union:"+p.UnionHash)
	}
	if p.PhoneIndex != "" {
		list = append(list, "phone:"+p.PhoneIndex)
	}
	return list, nil
}

// trialFault returns ErrTrialUsed when the plan is a trial and this person had one, by whichever account.
func (s *Service) trialFault(ctx context.Context, tx *db.Tx, m model.MemberID, plan model.MembershipPlan) error {
	if !plan.Trial {
		return nil
	}
	list, err := s.persons(ctx, tx, m)
	if err != nil {
		return err
	}
	had, err := hadTrial(tx, m, list)
	if err == nil && had {
		return ErrTrialUsed
	}
	return err
}

// takeTrial keeps that a person has his trial now. Somebody who was quicker with another account of the person makes it fail, so
// that the reaction runs again and finds the trial used.
func (s *Service) takeTrial(ctx context.Context, tx *db.Tx, m model.MemberID, period model.MembershipID) error {
	list, err := s.persons(ctx, tx, m)
	if err != nil {
		return err
	}
	for _, person := range list {
		fresh, err := tx.Insert(&model.MembershipTrial{Person: person, MemberID: m, PeriodID: period, At: tx.Now})
		if err != nil {
			return fmt.Errorf("keep the trial of member %d: %w", m, err)
		}
		if !fresh {
			return fmt.Errorf("keep the trial of member %d: %w", m, errMoved)
		}
	}
	return nil
}
