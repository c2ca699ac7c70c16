package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages/sms"
)

// reportWithin is how long a report may take. WeChat reports within minutes; what is not told within three days never will be: the report
// was lost, or the platform forgot it.
const reportWithin = 72 * time.Hour

// ReasonNoReport is the reason of a message that a platform took and never told of again. A report that comes after all still counts.
const ReasonNoReport = "no_report"

// giveUpReports ends what was accepted long ago and never reported as unknown: it was taken, and nobody can tell whether it was seen. It is
// never sent again.
func (s *Service) giveUpReports(ctx context.Context) error {
	const batch = 200
	for {
		n := 0
		err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			rows, err := acceptedBefore(tx, tx.Now.Add(-reportWithin), s.reporting(), batch)
			if err != nil {
				return fmt.Errorf("look for messages without a report: %w", err)
			}
			n = len(rows)
			for _, m := range rows {
				if err := s.end(ctx, tx, m, model.MessageUnknown, ReasonNoReport, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < batch {
			return err
		}
	}
}

// reporting are the channels whose platforms say what became of a message. Of a provider of texts that cannot be asked, the acceptance is
// the last word for ever.
func (s *Service) reporting() (list []model.MessageChannel) {
	for _, c := range model.MessageChannels {
		if _, mailbox := s.SMS.(sms.Mailbox); c == model.ChannelSMS && !mailbox || !s.lanes[c].reports {
			continue
		}
		list = append(list, c)
	}
	return list
}
