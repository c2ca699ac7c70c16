package coupons

import (
	"time"

	"huitou/model"
	"huitou/service/jobs"
)

// Distribute registers what works in the background for the channels: bulk issues, offers to friends that lapse, birthdays, reminders. It needs
// Deps.Queue, People, Birthdays and Messages. Call it once, before the queue runs.
func (s *Service) Distribute() {
	jobs.Handle(s.queue, jobRun, s.carryOn)
	s.queue.Every("coupons.runs", jobs.Interval(15*time.Second), s.reviveRuns)
	s.queue.Every("coupons.gifts", jobs.Interval(time.Minute), s.lapseGifts)
	s.queue.Every("coupons.birthdays", jobs.Interval(time.Hour), s.GiveOnBirthdays)
	s.queue.Every("coupons.remind", jobs.DailyAt(10, 0, model.Shanghai), s.remind)
}
