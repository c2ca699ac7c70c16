package memberships

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/random"
)

// A code is 16 random characters of five bits each, 80 bits together, and a check character: with a hundred million codes in circulation
// a guess hits once in 10^16 tries (threat T33), and a slip of the finger is told before anything is looked up.
const (
	codeChars = 16
	codeSet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // as random.Upper: without I, L, O and U
)

func newCode() string {
	s := random.Upper(codeChars)
	return s + string(checkChar(s))
}

// checkChar is the check character of Luhn's algorithm over 32 characters: it finds every single wrong character and nearly every swap of
// neighbours. s must be of codeSet.
func checkChar(s string) byte {
	sum, factor := 0, 2
	for i := len(s) - 1; i >= 0; i-- {
		v := strings.IndexByte(codeSet, s[i]) * factor
		sum += v/len(codeSet) + v%len(codeSet)
		factor = 3 - factor
	}
	return codeSet[(len(codeSet)-sum%len(codeSet))%len(codeSet)]
}

// plainCode is what a member entered as it is hashed: upper case, without what people put between, with the letters that look like digits as
// digits. ok is false when it cannot be a code.
func plainCode(s string) (code string, ok bool) {
	if len(s) > 64 {
		return "", false
	}
	code = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(code) != codeChars+1 || strings.Trim(code, codeSet) != "" {
		return "", false
	}
	return code, code[codeChars] == checkChar(code[:codeChars])
}

// groupedCode writes a code as people read it: ABCD-EFGH-JKMN-PQRS-T.
func groupedCode(c string) string {
	return strings.Join([]string{c[:4], c[4:8], c[8:12], c[12:16], c[16:]}, "-")
}

// codeHash needs no salt and no slow function: there are 2^80 codes.
func codeHash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// The brake on wrong codes: five are free, then nothing is looked up for half a minute, and twice as long after each further one up to an
// hour. A day without a wrong one forgets them. That leaves a member about forty guesses on a day.
const (
	freeTries  = 5
	firstPause = 30 * time.Second
	mostPause  = time.Hour
	triesFade  = 24 * time.Hour
)

// pauseAfter returns how long nothing is looked up after the n-th wrong code.
func pauseAfter(n int64) time.Duration {
	if n < freeTries {
		return 0
	}
	return min(firstPause<<min(n-freeTries, 10), mostPause)
}

// charge counts a try as wrong before it is looked up, so that a thousand at once do not all see a small count. wait > 0 means that it is not
// looked up, and the row stays as it is.
func charge(row model.MembershipCodeTry, now time.Time) (_ model.MembershipCodeTry, wait time.Duration) {
	if now.Before(row.NextAt) {
		return row, row.NextAt.Sub(now)
	}
	if now.Sub(row.LastAt) >= triesFade {
		row.Failures = 0
	}
	row.Failures++
	row.LastAt, row.NextAt = now, now.Add(pauseAfter(row.Failures))
	return row, 0
}

// uncharge takes one charge back.
func uncharge(row model.MembershipCodeTry) model.MembershipCodeTry {
	row.Failures = max(0, row.Failures-1)
	row.NextAt = row.LastAt.Add(pauseAfter(row.Failures))
	return row
}
