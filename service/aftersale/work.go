package aftersale

import (
	"huitou/service/facts"
	"huitou/service/jobs"
)

// Work registers the workers of visits and of sheets, and what visits react to. Call it once, before the queue runs.
func (s *Service) Work(l *facts.Log) {
	jobs.Handle(s.Queue, visitJob, s.make)
	jobs.Handle(s.Queue, closeJob, s.close)
	jobs.Handle(s.Queue, sheetJob, s.makeSheet)
	facts.Subscribe(l, "aftersale.paid", s.OnPaid)
	facts.Subscribe(l, "aftersale.finished", s.OnFinished)
	facts.Subscribe(l, "aftersale.refunded", s.OnRefunded)
	facts.Subscribe(l, "aftersale.ended", s.OnMessageEnded)
	facts.Subscribe(l, "aftersale.answered", s.OnAnswered)
	facts.Subscribe(l, "aftersale.task", s.OnTaskClosed)
}
