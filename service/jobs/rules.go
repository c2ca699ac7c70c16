package jobs

import (
	"math/rand/v2"
	"time"
)

// Backoff returns the pause after the n-th failed try (1 and up): n^4 seconds as in River, at least one second, at most
// six hours, with up to a tenth of jitter so that jobs which failed together do not come back together.
func Backoff(n int) time.Duration {
	n = max(n, 1)
	pause := 6 * time.Hour
	if n < 13 { // 12^4 s = 5.76 h
		pause = time.Duration(n*n*n*n) * time.Second
	}
	return pause + time.Duration(rand.Int64N(int64(pause)/10+1))
}
