package agent

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/protocol"
)

var errRefused = status.Error(codes.FailedPrecondition, "the sweep is of another kernel class")

// A coordinator that cannot be reached keeps nobody from leaving whom all others
// refuse; one that answers that it is busy, or that took the worker before, does.
func TestAllThatCanBeReachedRefuse(t *testing.T) {
	refused, dead, busy := CallFailed{Err: errRefused}, CallFailed{Err: errAway, Unreached: true}, CallFailed{Err: errAway}
	for name, c := range map[string]struct {
		greeted  bool
		failures []CallFailed // in turn, of two coordinators
		code     int
	}{
		"a dead one, and a refusal":            {false, []CallFailed{dead, refused}, protocol.ExitFault},
		"a refusal, and a dead one":            {false, []CallFailed{refused, dead}, protocol.ExitFault},
		"a refusal, and one not tried yet":     {false, []CallFailed{refused}, -1},
		"two that are dead":                    {false, []CallFailed{dead, dead, dead}, -1},
		"a busy one, and a refusal":            {false, []CallFailed{busy, refused, busy, refused}, -1},
		"busy first, then dead":                {false, []CallFailed{busy, refused, dead}, protocol.ExitFault},
		"the one that took it is dead":         {true, []CallFailed{dead, refused, dead, refused}, -1},
		"the one that took it refuses, as all": {true, []CallFailed{refused, refused}, protocol.ExitFault},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t, 1)
			l.agent.Coordinators = 2
			l.happens(Started{})
			if c.greeted {
				l.answers(grant())
				l.sleeps()
			}
			for i, e := range c.failures {
				if l.code != -1 {
					t.Fatalf("left with code %d before failure %d", l.code, i+1)
				}
				e.Sequence = l.agent.sequence
				l.happens(e)
				if l.code == -1 {
					l.sleeps()
				}
			}
			if l.code != c.code {
				t.Errorf("exit code %d, want %d", l.code, c.code)
			}
		})
	}
}

func TestEachKindOfFailureIsWarnedOfOnce(t *testing.T) {
	l := newLife(t, 1)
	l.agent.Coordinators = 2
	l.happens(Started{})
	for range 3 {
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errAway})
		l.sleeps()
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: errRefused})
		l.sleeps()
	}
	if l.warnings != 2 {
		t.Errorf("%d warnings of two kinds of failure: %q", l.warnings, l.said)
	}
}

func TestGivingUpNamesTheLastRefusal(t *testing.T) {
	l := newLife(t, 1)
	l.agent.Coordinators = 2
	l.happens(Started{})
	for _, err := range []error{errRefused, errAway} {
		l.happens(CallFailed{Sequence: l.agent.sequence, Err: err})
		l.sleeps()
	}
	l.now = epoch.Add(l.agent.ConnectTimeout)
	for _, action := range l.agent.Step(l.now, Woken{}) {
		if said, ok := action.(Say); ok && len(said.Pairs) == 4 && said.Pairs[3] == "the sweep is of another kernel class" {
			return
		}
	}
	t.Error("the refusal is not named")
}
