package program

import (
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Of any sequence of signals, the first is the first, and the first one that is
// SIGINT or SIGTERM and comes a second later is the only one that asks anew.
func TestMeaningOfSignals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delays := rapid.SliceOf(rapid.SampledFrom([]time.Duration{0, 1, time.Millisecond, burst / 2, burst - 1, burst, 2 * burst, time.Hour})).Draw(t, "delays")
		now := time.Unix(1000, 0)
		var a asked
		var begin time.Time
		isDone := false
		for i, delay := range delays {
			s := rapid.SampledFrom(append(warnings, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)).Draw(t, "signal")
			now = now.Add(delay)
			want := isSame
			switch {
			case i == 0:
				want, begin = isFirst, now
			case !isDone && (s == syscall.SIGINT || s == syscall.SIGTERM) && now.Sub(begin) >= burst:
				want, isDone = isAgain, true
			}
			if got := a.next(s, now); got != want {
				t.Fatalf("signal %d, %v after %v: meaning %d, want %d", i, s, now.Sub(begin), got, want)
			}
		}
	})
}
