package simulate

import "time"

// life is one run of a program: it may be frozen for a while, and it ends once.
type life struct {
	*world
	name   string
	dead   bool
	frozen time.Time // until then nothing reaches it
}

// later lets something happen to a process, if it still lives then. What comes
// while it is frozen waits for it, and arrives in any order.
func (l *life) later(d time.Duration, do func()) {
	l.agenda.add(l.now.Add(d), func() {
		switch {
		case l.dead:
		case l.now.Before(l.frozen):
			l.later(l.frozen.Sub(l.now)+l.upTo(5*time.Millisecond), do)
		default:
			do()
		}
	})
}

func (l *life) freeze(d time.Duration) {
	l.log("%s is frozen for %v", l.name, d)
	if until := l.now.Add(d); until.After(l.frozen) {
		l.frozen = until
	}
}
