package service

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// mismatch says why a process cannot work for this coordinator, and what would
// mend it; "" if it can.
func (c Config) mismatch(protocol uint32, p queue.Process) string {
	switch {
	case protocol != spiqsweepv1.ProtocolVersion:
		return fmt.Sprintf("the worker speaks protocol %d, the coordinator %d: %s",
			protocol, spiqsweepv1.ProtocolVersion, update("worker", int(protocol), spiqsweepv1.ProtocolVersion))
	case p.Numerics != c.Numerics:
		return fmt.Sprintf("the worker computes with numerics %d, the coordinator's sweep with %d: %s",
			p.Numerics, c.Numerics, update("worker", p.Numerics, c.Numerics))
	case p.KernelClass != c.KernelClass:
		return fmt.Sprintf("the worker's kernel class is %q, the sweep's is %q, and their results differ in bits: "+
			"start the worker with another SPIQSWEEP_KERNEL or on another machine, "+
			"or a sweep of the worker's class with `coordinator --kernel %s`",
			p.KernelClass, c.KernelClass, p.KernelClass)
	default:
		return ""
	}
}

// foreign says why a sweep cannot be planned at this coordinator: its workers
// would not compute it; "" if it can.
func (c Config) foreign(s queue.Sweep) string {
	switch {
	case s.Numerics != c.Numerics:
		return fmt.Sprintf("the sweep is of numerics %d, the coordinator serves numerics %d: %s",
			s.Numerics, c.Numerics, update("program that submits it", s.Numerics, c.Numerics))
	case s.KernelClass != c.KernelClass:
		return fmt.Sprintf("the sweep is of kernel class %q, the coordinator serves %q: submit the sweep with `--kernel %s`, or to another coordinator",
			s.KernelClass, c.KernelClass, c.KernelClass)
	default:
		return ""
	}
}

// update names the older side.
func update(caller string, theirs, ours int) string {
	if theirs < ours {
		return "update the " + caller
	}
	return "update the coordinator"
}

// otherProtocol says why an operator's program does not understand this
// coordinator; "" if it does, or if it does not say: ours do, others need not.
// Workers say it in their messages.
func otherProtocol(ctx context.Context) string {
	theirs, ok := credentials.Protocol(ctx)
	if !ok || theirs == spiqsweepv1.ProtocolVersion {
		return ""
	}
	return fmt.Sprintf("the command speaks protocol %d, the coordinator %d: %s",
		theirs, spiqsweepv1.ProtocolVersion, update("command", theirs, spiqsweepv1.ProtocolVersion))
}
