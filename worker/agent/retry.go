package agent

import (
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/credentials"
)

// retry is an exponential back-off.
type retry struct {
	failures int
	at       time.Time // earliest time of the next attempt
}

// failed records a failure. The pause doubles with each failure up to longestPause, is reduced
// at random by up to a half, and is not shorter than the coordinator asks for.
func (r *retry) failed(now time.Time, err error, random *rand.Rand) {
	pause := longestPause
	if shift := r.failures; shift < 16 {
		pause = min(firstPause<<shift, longestPause)
	}
	r.failures++
	hint, _ := retryHint(err)
	r.at = now.Add(max(hint, pause/2+time.Duration(random.Int64N(int64(pause/2)+1))))
}

// retryHint returns the delay that a rate-limiting coordinator asks for.
func retryHint(err error) (in time.Duration, ok bool) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return min(info.GetRetryDelay().AsDuration(), longestPause), true
		}
	}
	return 0, false
}

// Busy reports whether a coordinator rejected a call by its rate limit. The worker then keeps
// calling the same coordinator.
func Busy(err error) bool {
	_, busy := retryHint(err)
	return busy
}

// tooLarge reports whether a message exceeds the coordinator's size limit.
func tooLarge(err error) bool {
	return status.Code(err) == codes.ResourceExhausted && !Busy(err)
}

func (r *retry) due(now time.Time) bool { return !now.Before(r.at) }

// transfer is a fetch or store that is retried until it succeeds.
type transfer struct {
	retry
	inProgress bool
}

// retryable reports whether a call may succeed later. An error of another code is final.
func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted,
		codes.ResourceExhausted, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}

// unauthenticated reports whether a coordinator rejected the worker's token, or the worker the
// coordinator's certificate.
func unauthenticated(err error) bool {
	code := status.Code(err)
	return code == codes.Unauthenticated || code == codes.PermissionDenied
}

// refusals counts consecutive calls that coordinators refused for good.
type refusals struct {
	calls   int    // consecutive, refused or unreached
	refused bool   // one of them was refused
	reason  string // of the last refusal of all; "" if none
}

// note records a failed call. A busy coordinator resets the count, since it may accept the
// worker later. So does an unreached one if any has accepted the worker before, since it may be
// restarting.
func (r *refusals) note(e CallFailed, connected bool) {
	switch {
	case !retryable(e.Err):
		r.calls++
		r.refused, r.reason = true, credentials.Explain(e.Err)
	case e.Unreached && !connected:
		r.calls++
	default:
		r.calls, r.refused = 0, false
	}
}

// byAll reports whether all reachable coordinators refuse the worker.
func (r *refusals) byAll(coordinators int) bool {
	return r.refused && r.calls >= coordinators
}
