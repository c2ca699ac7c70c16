package messages

import (
	"context"

	"huitou/model"
)

// TakeBatch is what one worker of a lane does when it is woken: it takes up to most due messages at once. RunDue takes them one by one.
func (s *Service) TakeBatch(ctx context.Context, c model.MessageChannel, most int) (int, error) {
	return s.take(ctx, s.lanes[c], most)
}
