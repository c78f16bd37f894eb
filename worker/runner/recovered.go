package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
)

// recovered turns a panic into a failure of its task alone, with the stack in
// the task's log.
type recovered struct{ next Runner }

func (d recovered) Run(ctx context.Context, t Task, r Reporter) (outcome Outcome, err error) {
	defer func() {
		if value := recover(); value != nil {
			hclog.FromContext(ctx).Error("panic", "value", value, "stack", string(debug.Stack()))
			outcome, err = Outcome{}, fmt.Errorf("panic: %v", value)
		}
	}()
	return d.next.Run(ctx, t, r)
}
