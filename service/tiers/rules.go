package tiers

import (
	"time"

	"huitou/model"
)

// ladder is the levels by threshold, the lowest first. A level is named by its place in it.
type ladder []model.TierLevel

// supported returns the highest level whose threshold a metric meets.
func (l ladder) supported(metric int64) int {
	for i := len(l) - 1; i > 0; i-- {
		if l[i].Threshold <= metric {
			return i
		}
	}
	return 0
}

// place returns where a level stands, or -1.
func (l ladder) place(id model.TierLevelID) int {
	for i := range l {
		if l[i].ID == id {
			return i
		}
	}
	return -1
}

// windowStart returns the first day of the window that a metric of a day is summed in.
func windowStart(period model.TierPeriod, day model.Day) model.Day {
	if period == model.TierCalendar {
		return yearOf(day)
	}
	return day.AddMonths(-12, day.DayOfMonth())
}

// keepStart returns the first day of the window that decides about a level which ends when a day begins.
func keepStart(period model.TierPeriod, end model.Day) model.Day {
	if period == model.TierCalendar {
		return yearOf(end.AddDays(-1))
	}
	return windowStart(period, end)
}

// validity returns the day on which a level ends whose time begins on a day.
func validity(s model.TierScheme, from model.Day) model.Day {
	end := from.AddMonths(s.KeepMonths, from.DayOfMonth())
	if year := yearOf(end); s.Period == model.TierCalendar && year != end {
		return yearOf(year.AddDays(366)) // lies in the next year, whatever the length of this one
	}
	return end
}

func yearOf(d model.Day) model.Day {
	return model.NewDay(d.Start(time.UTC).Year(), time.January, 1)
}

func dayOf(t time.Time) model.Day { return model.DayOf(t, model.Shanghai) }

// standing is where a member stands; level is a place in the ladder.
type standing struct {
	level       int
	since       time.Time
	validUntil  time.Time
	basis       basis
	refunded    int64
	warnedUntil *time.Time
	lockedUntil *time.Time
}

// basis is the metric that earned a level, and the window in which it was summed.
type basis struct {
	metric   int64
	from, at time.Time
}

// holds tells whether what was paid at an instant is part of a basis. A shop's clock may be five minutes ahead of ours.
func (b basis) holds(paidAt time.Time) bool {
	return !paidAt.Before(b.from) && !paidAt.After(b.at.Add(5*time.Minute))
}

func (st standing) locked(now time.Time) bool {
	return st.lockedUntil != nil && now.Before(*st.lockedUntil)
}

// weighs tells whether the metric of the window before the end of a level must be known to judge a standing.
func weighs(s model.TierScheme, st standing, now time.Time) bool {
	return st.level > 0 && !st.locked(now) && !now.Before(st.validUntil.AddDate(0, 0, -s.WarnDays))
}

// graceEnd is the first instant at which a level that ended can be taken.
func graceEnd(s model.TierScheme, validUntil time.Time) time.Time {
	return validUntil.AddDate(0, 0, s.GraceDays) // days have 24 hours in a zone without summer time
}

// verdict is what an evaluation decides. Reason is empty when the member neither moves nor is renewed.
type verdict struct {
	next   standing
	reason model.TierReason
	metric int64 // that decided
	// warn asks for the warning of a level that ends; missing is what is missing to keep it.
	warn    bool
	missing int64
}

// rise decides what an order may change at once: up, or nothing.
func rise(l ladder, s model.TierScheme, st standing, metric int64, now time.Time) verdict {
	if up := l.supported(metric); up > st.level && !st.locked(now) {
		return begin(s, up, basis{metric, windowStart(s.Period, dayOf(now)).Start(model.Shanghai), now}, model.TierQualified)
	}
	return verdict{next: st}
}

// judge decides what the nightly evaluation changes. metric is that of today's window; keep that of the window before the end of
// the level, up to now, and is needed when weighs says so.
func judge(l ladder, s model.TierScheme, st standing, metric, keep int64, now time.Time) verdict {
	if st.locked(now) {
		return verdict{next: st}
	}
	if v := rise(l, s, st, metric, now); v.reason != "" {
		return v
	}
	if st.level == 0 {
		st.lockedUntil = nil
		return verdict{next: st}
	}
	threshold := l[st.level].Threshold
	if !now.Before(st.validUntil) {
		if v := atEnd(l, s, st, keep, now); v.reason != "" {
			return v
		}
	}
	// What is left of the basis also counts where the window has moved on: only the refund itself takes something.
	if left := st.basis.metric - st.refunded; st.basis.metric >= threshold && left < threshold && metric < threshold && now.Before(st.validUntil) {
		on := basis{max(metric, left), windowStart(s.Period, dayOf(now)).Start(model.Shanghai), now}
		return begin(s, l.supported(on.metric), on, model.TierRefunded)
	}
	v := verdict{next: st}
	warned := st.warnedUntil != nil && st.warnedUntil.Equal(st.validUntil)
	if s.OnEnd != model.TierKeep && s.WarnDays > 0 && weighs(s, st, now) && keep < threshold && !warned {
		until := st.validUntil
		v.warn, v.missing, v.next.warnedUntil = true, threshold-keep, &until
	}
	return v
}

// atEnd decides about a level whose time is over; an empty reason means that the grace has not.
func atEnd(l ladder, s model.TierScheme, st standing, keep int64, now time.Time) verdict {
	threshold := l[st.level].Threshold
	if keep < threshold && now.Before(graceEnd(s, st.validUntil)) && s.OnEnd != model.TierKeep {
		return verdict{next: st}
	}
	on := basis{keep, keepStart(s.Period, dayOf(st.validUntil)).Start(model.Shanghai), now}
	if keep >= threshold || s.OnEnd == model.TierKeep {
		v := begin(s, st.level, on, model.TierKept)
		v.next.since = st.since
		// The next time follows the last one, also when the evaluation was late or the grace was used.
		if end := validity(s, dayOf(st.validUntil)).Start(model.Shanghai); end.After(now) {
			v.next.validUntil = end
		}
		return v
	}
	to := l.supported(keep)
	if s.OnEnd == model.TierOneStep {
		to = max(to, st.level-1)
	}
	if st.refunded > 0 && keep+st.refunded >= threshold {
		return begin(s, to, on, model.TierRefunded)
	}
	return begin(s, to, on, model.TierDowngraded)
}

// begin is a level that begins now.
func begin(s model.TierScheme, level int, on basis, reason model.TierReason) verdict {
	next := standing{level: level, since: on.at, validUntil: model.Never, basis: on}
	if level > 0 {
		// The time begins on the next day, so that what earned the level does not keep it as well.
		next.validUntil = validity(s, dayOf(on.at).AddDays(1)).Start(model.Shanghai)
	}
	return verdict{next: next, reason: reason, metric: on.metric}
}
