package agent

import (
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
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
// back together; but not less than the coordinator asks for.
func (r *retry) failed(now time.Time, err error, random *rand.Rand) {
	pause := longestPause
	if shift := r.failures; shift < 16 {
		pause = min(firstPause<<shift, longestPause)
	}
	r.failures++
	hint, _ := retryHint(err)
	r.at = now.Add(max(hint, pause/2+time.Duration(random.Int64N(int64(pause/2)+1))))
}

// retryHint is when a coordinator wants a call again that came too often.
func retryHint(err error) (in time.Duration, ok bool) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return min(info.GetRetryDelay().AsDuration(), longestPause), true
		}
	}
	return 0, false
}

// Busy reports whether a coordinator refused a call only because it came too
// soon. Such a coordinator is there: the worker keeps its address.
func Busy(err error) bool {
	_, busy := retryHint(err)
	return busy
}

// tooLarge tells a message that will never be taken from one that came too soon.
func tooLarge(err error) bool {
	return status.Code(err) == codes.ResourceExhausted && !Busy(err)
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
