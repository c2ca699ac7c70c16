package main

import (
	"slices"
	"time"
)

// latencies are waiting times, one for each answer. Workers keep their own and join them at the end, so that measuring takes no lock.
type latencies []time.Duration

// sorted returns the waiting times in rising order, as percentile wants them.
func (l latencies) sorted() latencies {
	s := slices.Clone(l)
	slices.Sort(s)
	return s
}

// percentile returns the nearest rank: the least waiting time that at least share (above 0, at most 1) of all did not exceed. The
// times must be sorted; of none it is 0.
func (l latencies) percentile(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	rank := int(share * float64(len(l)))
	if float64(rank) < share*float64(len(l)) {
		rank++
	}
	return l[min(max(rank, 1), len(l))-1]
}
