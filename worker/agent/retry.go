package agent

import (
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// retry spaces the attempts at something that keeps failing.
type retry struct {
	failures int
	at       time.Time // not before
}

// failed notes a failure: the next attempt waits twice as long as this one
// did, less up to a half, so that workers which failed together do not come
// back together.
func (r *retry) failed(now time.Time, random *rand.Rand) {
	pause := longestPause
	if shift := r.failures; shift < 16 {
		pause = min(firstPause<<shift, longestPause)
	}
	r.failures++
	r.at = now.Add(pause/2 + time.Duration(random.Int64N(int64(pause/2)+1)))
}

func (r *retry) due(now time.Time) bool { return !now.Before(r.at) }

// errand is a transfer that is retried until it succeeds.
type errand struct {
	retry
	asked bool // its end is awaited
}

// worthRetrying tells a coordinator that is away or busy from one that has
// understood and says no.
func worthRetrying(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted,
		codes.ResourceExhausted, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}
