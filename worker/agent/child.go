package agent

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
)

// RunChild runs a worker that is a child process, told everything through its
// standard input, on every operating system alike:
//
//   - the parent writes the credentials (role worker) as one line of JSON: no
//     list of processes and no environment shows them;
//   - then it keeps the pipe open for as long as the worker shall live;
//   - the line "stop" asks the worker to hand back and leave (exit code 75 if
//     work was left, 0 if not);
//   - the end of the input, also by the parent's death, ends the worker at once.
//
// A child that an operator asked to leave says so with exit code 75, whether
// work was left or not: its parent must not start another in its place.
//
// Other lines are ignored with a warning. The parent's end of this is
// coordinator/local. RunChild takes the place of c.Coordinator and c.Drain.
func RunChild(ctx context.Context, input io.Reader, c Config) int {
	lines := bufio.NewReader(input)
	first, err := lines.ReadBytes('\n')
	if err == nil {
		c.Coordinator, err = credentials.Parse(first)
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		c.Log.Error("cannot start as a child: standard input must begin with the credentials", "error", err)
		return protocol.ExitUsage
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	drain := make(chan struct{})
	c.Drain, c.quiet = drain, true
	go func() {
		defer cancel()
		if err := c.obey(lines, drain); err != nil {
			c.Log.Error("standard input is lost: leaving at once", "error", err)
		}
	}()
	UseCores(c.Slots)
	code, sentAway := work(ctx, c)
	if sentAway && code == protocol.ExitDone {
		return protocol.ExitWorkLeft
	}
	return code
}

// obey reads the parent's wishes until there is no parent any more.
func (c Config) obey(lines *bufio.Reader, drain chan<- struct{}) error {
	for {
		line, err := lines.ReadString('\n')
		switch wish := strings.TrimSpace(line); {
		case wish == protocol.StopLine && drain != nil:
			close(drain)
			drain = nil
		case wish != "" && wish != protocol.StopLine:
			c.Log.Warn("unknown line on standard input", "line", wish)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
