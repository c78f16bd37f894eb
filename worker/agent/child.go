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

// RunChild runs a worker as a child process that its parent, coordinator/local, controls through
// standard input:
//
//   - the first line holds the credentials (role worker) as JSON, which no process list or
//     environment shows;
//   - the line protocol.StopLine asks the worker to hand back and exit, with ExitWorkLeft if
//     work was left and ExitDone if not;
//   - the end of the input, also by the parent's death, ends the worker immediately.
//
// If an operator drained the worker, it exits with ExitWorkLeft in any case, so that its parent
// does not start another. RunChild logs and ignores other lines. It sets c.Coordinator and
// c.Drain.
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
	code, drainedByOperator := work(ctx, c)
	if drainedByOperator && code == protocol.ExitDone {
		return protocol.ExitWorkLeft
	}
	return code
}

// obey reads the parent's lines until the input ends.
func (c Config) obey(lines *bufio.Reader, drain chan<- struct{}) error {
	for {
		line, err := lines.ReadString('\n')
		switch text := strings.TrimSpace(line); {
		case text == protocol.StopLine && drain != nil:
			close(drain)
			drain = nil
		case text != "" && text != protocol.StopLine:
			c.Log.Warn("unknown line on standard input", "line", text)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
