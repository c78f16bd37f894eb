package program

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// burst is the time during which further signals count as the first one: `timeout` sends
// SIGTERM to its child and to its process group, and Ctrl-C may arrive twice.
const burst = time.Second

// Signals calls first at the first SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2, and again at a
// SIGINT or SIGTERM at least a second later, each at most once, until stop is called. It ignores
// SIGHUP if the program was started with SIGHUP ignored, as by nohup. SIGUSR1 and SIGUSR2 are how
// batch systems announce the end of a job; they may repeat them, so they never are the second.
func Signals(first, again func(os.Signal)) (stop func()) {
	received := make(chan os.Signal, 16)
	signal.Notify(received, append(warnings, os.Interrupt, syscall.SIGTERM)...)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(received, syscall.SIGHUP)
	}
	stopped := make(chan struct{})
	go func() {
		var a asked
		for {
			select {
			case s := <-received:
				// The callbacks may block on a terminal, which must not delay the timing of
				// further signals.
				switch a.next(s, time.Now()) {
				case isFirst:
					go first(s)
				case isAgain:
					go again(s)
				case isSame:
				}
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		signal.Stop(received)
		close(stopped)
	}
}

// OutlivePipes makes a write to a closed standard output or error, as after `| head`, return an
// error instead of ending the program.
func OutlivePipes() { signal.Ignore(syscall.SIGPIPE) }

// IgnoreSignals makes a child process ignore signals that are sent to all processes of a
// service, since its parent controls how it ends.
func IgnoreSignals() {
	signal.Ignore(append(warnings, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)...)
}

// asked classifies signals.
type asked struct {
	at    time.Time // of the first signal; zero: none came
	again bool
}

type meaning int

const (
	isFirst meaning = iota
	isSame          // no new request
	isAgain
)

func (a *asked) next(s os.Signal, now time.Time) meaning {
	switch {
	case a.at.IsZero():
		a.at = now
		return isFirst
	case a.again || s != os.Interrupt && s != syscall.SIGTERM || now.Sub(a.at) < burst:
		return isSame
	default:
		a.again = true
		return isAgain
	}
}
