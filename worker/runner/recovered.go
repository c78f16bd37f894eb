package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
)

// recovered turns a panic into a failure of its task alone, with the stack in
// the task's log. The message names the step, so that the coordinator can tell a
// panic that repeats from another.
type recovered struct{ next Runner }

func (d recovered) Run(ctx context.Context, t Task, r Reporter) (outcome Outcome, err error) {
	steps := &counted{Reporter: r}
	defer func() {
		if value := recover(); value != nil {
			hclog.FromContext(ctx).Debug("panic", "value", value, "stack", string(debug.Stack()))
			outcome, err = Outcome{}, fmt.Errorf("panic after step %d: %v", steps.done, value)
		}
	}()
	return d.next.Run(ctx, t, steps)
}

// counted remembers the newest step.
type counted struct {
	Reporter
	done int
}

func (c *counted) Progress(step int) {
	c.done = step
	c.Reporter.Progress(step)
}
