package program

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// burst is how long signals count as the first one: `timeout` sends SIGTERM to its
// child and to its process group, and a terminal's Ctrl-C may arrive twice, too.
const burst = time.Second

// Signals calls first, once, when the program is asked to end, and again, once,
// when it is asked anew at least a second later, until stop is called.
//
// SIGINT, SIGTERM and SIGHUP ask; SIGHUP does not if it was ignored when the
// program began, as by nohup. A hang-up never asks anew: a terminal that closes
// says nothing about how the program should end.
func Signals(first, again func(os.Signal)) (stop func()) {
	received := make(chan os.Signal, 16)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(received, syscall.SIGHUP)
	}
	stopped := make(chan struct{})
	go func() {
		var a asked
		for {
			select {
			case s := <-received:
				// Both may wait for a terminal that nobody reads; signals must still be
				// timed when they arrive.
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

// OutlivePipes makes a write to a standard output or error that nobody reads any
// more, as after `| head`, an error of that write alone. Otherwise it ends the
// program, which suits commands that only print.
func OutlivePipes() { signal.Ignore(syscall.SIGPIPE) }

// IgnoreSignals makes a child process leave them to its parent: one that is sent
// to all processes of a service must not cut short how the child ends.
func IgnoreSignals() {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
}

// asked decides what each signal means.
type asked struct {
	at    time.Time // of the first signal; zero: none came
	again bool
}

type meaning int

const (
	isFirst meaning = iota
	isSame          // as one before
	isAgain
)

func (a *asked) next(s os.Signal, now time.Time) meaning {
	switch {
	case a.at.IsZero():
		a.at = now
		return isFirst
	case a.again || s == syscall.SIGHUP || now.Sub(a.at) < burst:
		return isSame
	default:
		a.again = true
		return isAgain
	}
}
