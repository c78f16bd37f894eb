package queue

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// failed, lost, excused and ended make attempts of a history.
func failed(reason string) Attempt {
	return Attempt{Outcome: AttemptFailed, Started: true, Reason: reason}
}

func lost(saved uint64, soleTask bool) Attempt {
	return Attempt{Outcome: Lost, Started: true, Saved: saved, SoleTask: soleTask, Host: "node-7"}
}

func excused(saved uint64) Attempt {
	a := lost(saved, true)
	a.Excused = true
	return a
}

func ended(o Outcome) Attempt { return Attempt{Outcome: o, Started: true} }

func TestBlame(t *testing.T) {
	policy := Policy{MaxAttempts: 3, MaxRepeats: 2, MaxLosses: 2}
	unstarted := lost(0, true)
	unstarted.Started = false
	for name, c := range map[string]struct {
		history  []Attempt
		pardoned uint64
		want     blame
	}{
		"nothing happened": {},
		"harmless outcomes": {
			history: []Attempt{ended(HandedBack), ended(Withdrawn), ended(Late), ended(Live), unstarted, unstarted},
		},
		"two failures": {
			history: []Attempt{failed("a"), ended(HandedBack), failed("b")},
			want:    blame{failures: 2},
		},
		"three failures": {
			history: []Attempt{failed("a"), failed("b"), failed("c")},
			want:    blame{failures: 3, fatal: "it failed 3 times, the last time with: c"},
		},
		"the same failure twice": {
			history: []Attempt{failed("a at step 3"), ended(HandedBack), failed("a at step 3")},
			want:    blame{failures: 2, fatal: "it failed 2 times in the same way: a at step 3"},
		},
		"the same failure again, not in a row": {
			history: []Attempt{failed("a at step 3"), failed("b"), failed("a at step 3")},
			want:    blame{failures: 3, fatal: "it failed 2 times in the same way: a at step 3"},
		},
		"the same failure at another step": {
			history: []Attempt{failed("a at step 3"), failed("a at step 4")},
			want:    blame{failures: 2},
		},
		"the same failure before the pardon": {
			history:  []Attempt{failed("a"), failed("a")},
			pardoned: 1,
			want:     blame{failures: 1},
		},
		"losses of processes that held other tasks": {
			history: []Attempt{lost(0, false), lost(0, false), lost(0, false)},
			want:    blame{exclusive: true},
		},
		"losses of processes that held nothing else": {
			history: []Attempt{lost(0, false), lost(0, true), lost(0, true)},
			want: blame{
				losses: 2, exclusive: true,
				fatal: "processes that held nothing else were lost with it 2 times, the last one on node-7",
			},
		},
		"losses while the coordinator was away": {
			history: []Attempt{excused(0), excused(0), excused(0)},
		},
		"losses with progress": {
			history: []Attempt{lost(10, true), lost(20, true), lost(30, true), lost(31, true)},
		},
		"stuck at a step": {
			history: []Attempt{lost(10, true), lost(10, true), ended(HandedBack), lost(20, true)},
			want:    blame{losses: 1, exclusive: true},
		},
		"progress is counted from 0 after a failure": {
			history: []Attempt{lost(50, true), failed("a"), lost(10, true)},
			want:    blame{failures: 1},
		},
		"progress is counted from the last loss, not from the largest": {
			history: []Attempt{lost(50, true), failed("a"), lost(10, true), lost(20, true)},
			want:    blame{failures: 1},
		},
		"pardoned": {
			history:  []Attempt{failed("a"), failed("b"), failed("c"), lost(0, true), failed("e")},
			pardoned: 3,
			want:     blame{failures: 1, losses: 1, exclusive: true},
		},
	} {
		for i := range c.history {
			c.history[i].Attempt = uint64(i + 1)
		}
		got := policy.blame(c.history, c.pardoned)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(blame{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPause(t *testing.T) {
	p := Policy{BackOff: time.Second, MaxBackOff: 5 * time.Second}
	for failures, want := range map[int]float64{1: 1, 2: 2, 3: 4, 4: 5, 400: 5} {
		if got := p.pause(failures); got.Seconds() != want {
			t.Errorf("pause after %d failures: %v: want %v s", failures, got, want)
		}
	}
}

func TestAgree(t *testing.T) {
	for name, c := range map[string]struct {
		accepted, newest, reported string // of one-letter digests
		want                       string
		diverged                   bool
	}{
		"the first":                       {"", "a", "a", "a", false},
		"the first, a late one agrees":    {"", "a", "aa", "a", false},
		"the first, a late one differs":   {"", "a", "ba", "a", true},
		"the first, late ones agree":      {"", "a", "bba", "a", true},
		"two of three, the accepted":      {"a", "a", "aba", "a", false},
		"two of three, the other":         {"a", "b", "abb", "b", false},
		"three that differ":               {"a", "c", "abc", "a", true},
		"two against two":                 {"a", "b", "abab", "a", true},
		"three against two":               {"a", "b", "ababb", "b", false},
		"two against one and one":         {"a", "c", "abcc", "c", false},
		"two, two and one more":           {"a", "c", "aabbc", "a", true},
		"neither the accepted nor newest": {"a", "c", "abbc", "b", false},
	} {
		digest, diverged := agree(c.accepted, c.newest, strings.Split(c.reported, ""))
		if digest != c.want || diverged != c.diverged {
			t.Errorf("%s: %q, diverged: %v: want %q, %v", name, digest, diverged, c.want, c.diverged)
		}
	}
}

func TestStallTimeout(t *testing.T) {
	p := Policy{}.withDefaults()
	for cost, want := range map[time.Duration]time.Duration{
		0:                10 * time.Minute,
		time.Hour:        10 * time.Minute,
		1000 * time.Hour: 100 * time.Hour,
	} {
		s := Specification{Cost: cost}
		s.Configuration.Training.Steps = 100
		if got := p.stallTimeout(s); got != want {
			t.Errorf("stall time-out of a task of %v: %v: want %v", cost, got, want)
		}
	}
	if got := p.stallTimeout(Specification{Cost: 10 * time.Hour}); got != 100*time.Hour {
		t.Errorf("stall time-out of a task without steps: %v", got)
	}
}

// TestClip checks that clip and clipStart keep as many whole characters as fit.
func TestClip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		limit := rapid.IntRange(0, 20).Draw(t, "limit")
		for _, got := range []string{clip(text, limit), clipStart(text, limit)} {
			if len(got) > limit || len(text) > limit && len(got) < limit-utf8.UTFMax+1 || len(text) <= limit && got != text || !utf8.ValidString(got) {
				t.Errorf("%q of %q", got, text)
			}
		}
		if !strings.HasPrefix(text, clip(text, limit)) || !strings.HasSuffix(text, clipStart(text, limit)) {
			t.Errorf("not an end of %q", text)
		}
	})
}

func TestPolicyDefaults(t *testing.T) {
	changed := Policy{LeaseTerm: time.Second}.withDefaults()
	want := Policy{}.withDefaults()
	want.LeaseTerm = time.Second
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if want.MaxLosses != 5 || want.FrozenAfter != 5*time.Second {
		t.Errorf("defaults: %+v", want)
	}
}
