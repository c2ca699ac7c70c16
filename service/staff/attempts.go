package staff

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"huitou/model"
)

// brake is how failures slow down one account or one address.
type brake struct {
	free int           // failures without a pause
	base time.Duration // pause after the first failure beyond them; it doubles each time
	most time.Duration // longest pause
}

// With these figures at most 7 tries are evaluated in the first minute for an account and 10 for an address, and one a minute
// later on (threat T36). An address has more, because a whole shop may sit behind it.
var (
	accountBrake = brake{free: 5, base: 10 * time.Second, most: time.Minute}
	addressBrake = brake{free: 8, base: 10 * time.Second, most: time.Minute}
)

// forgiveAfter is how long after the last failure the count begins anew.
const forgiveAfter = 15 * time.Minute

// pause returns how long nothing is evaluated after the n-th failure.
func (b brake) pause(n int) time.Duration {
	if n < b.free {
		return 0
	}
	d := b.base
	for range n - b.free {
		if d *= 2; d >= b.most {
			return b.most
		}
	}
	return d
}

// charge counts a try as failed before it is evaluated, so that a thousand tries at once do not all see a small count; a
// success takes the charge back. wait > 0 means that the try is not evaluated, and row stays as it is.
func (b brake) charge(row model.StaffAttempt, now time.Time) (_ model.StaffAttempt, wait time.Duration) {
	if now.Before(row.NextAt) {
		return row, row.NextAt.Sub(now)
	}
	if now.Sub(row.LastAt) >= forgiveAfter {
		row.Failures = 0
	}
	row.Failures++
	row.LastAt, row.NextAt = now, now.Add(b.pause(row.Failures))
	return row, 0
}

// refund takes one charge back.
func (b brake) refund(row model.StaffAttempt) model.StaffAttempt {
	row.Failures = max(0, row.Failures-1)
	row.NextAt = row.LastAt.Add(b.pause(row.Failures))
	return row
}

// attemptKey names what is slowed down. It is hashed, because people type passwords into the field of the name.
func attemptKey(kind, value string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + value))
	return hex.EncodeToString(sum[:])
}

// network returns what one attacker has at hand: an IPv4 address, or the /64 of an IPv6 address.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}
