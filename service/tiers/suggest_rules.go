package tiers

import (
	"fmt"
	"slices"
	"strings"
)

// shareUnit is one hundred percent in the unit of shares, which are counted in ten-thousandths of a percent.
const shareUnit = 1_000_000

// ParseShares reads percentages from the lowest level to the highest, "80,16,3.2,0.8", at most four decimals each, which add up
// to 100 exactly. It returns ErrShares otherwise. No float is involved.
func ParseShares(text string) ([]int64, error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxLevels {
		return nil, ErrShares
	}
	shares, sum := make([]int64, len(parts)), int64(0)
	for i, p := range parts {
		whole, frac, dotted := strings.Cut(strings.TrimSpace(p), ".")
		digits := whole + frac + strings.Repeat("0", max(0, 4-len(frac)))
		if whole == "" || dotted && frac == "" || len(frac) > 4 || len(whole) > 3 || strings.Trim(digits, "0123456789") != "" {
			return nil, ErrShares.With("share", p)
		}
		for _, c := range digits {
			shares[i] = 10*shares[i] + int64(c-'0')
		}
		if shares[i] == 0 {
			return nil, ErrShares.With("share", p)
		}
		sum += shares[i]
	}
	if sum != shareUnit {
		return nil, ErrShares.With("sum", percent(sum))
	}
	return shares, nil
}

// percent writes a share, "3.2".
func percent(share int64) string {
	s := fmt.Sprintf("%d.%04d", share/10_000, share%10_000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// thresholds returns one threshold for each share, the first 0, such that the shares of the metrics that meet them come as near to
// the asked ones as whole members and equal metrics allow. Members with one metric cannot be told apart: they are put above a
// threshold together when that is nearer to what was asked, and below it when it is not, or as near. Of all thresholds that part the
// members in the same way it takes the roundest number. Equal inputs give equal results, whatever the order of the metrics.
func thresholds(metrics []int64, shares []int64) []int64 {
	sorted := slices.Clone(metrics)
	slices.Sort(sorted)
	n, above := int64(len(sorted)), int64(shareUnit)
	out := make([]int64, len(shares))
	for k := 1; k < len(shares); k++ {
		above -= shares[k-1]
		want := (n*above + shareUnit/2) / shareUnit // members on this level or higher, half rounded up
		low, high := part(sorted, want, out[k-1])
		out[k] = roundest(low+1, high)
	}
	return out
}

// part returns the range (low, high] of the thresholds above floor that want metrics, or as near to it as ties allow, meet.
func part(sorted []int64, want, floor int64) (low, high int64) {
	n := int64(len(sorted))
	first := n // index of the lowest metric that meets the threshold; nobody does
	if want > 0 {
		cut := sorted[n-want]
		within, without := lowerBound(sorted, cut), lowerBound(sorted, cut+1)
		if first = without; (n-within)-want < want-(n-without) {
			first = within
		}
	}
	first = max(first, lowerBound(sorted, floor+1))
	low = floor
	if first > 0 {
		low = max(floor, sorted[first-1])
	}
	if first == n {
		return low, 2*low + 1
	}
	return low, sorted[first]
}

// lowerBound returns the index of the first number that is not below v.
func lowerBound(sorted []int64, v int64) int64 {
	i, _ := slices.BinarySearch(sorted, v)
	return int64(i)
}

// roundest returns the number from low to high that ends with the most zeros, then with a five before them, then the smallest.
func roundest(low, high int64) int64 {
	best := low
	for unit := int64(1); unit <= high; unit *= 10 { // metrics are far from what would overflow
		for _, step := range []int64{unit, 5 * unit} {
			if up := (low + step - 1) / step * step; up <= high {
				best = up
			}
		}
	}
	return best
}
