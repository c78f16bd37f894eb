package service

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// workerMismatch returns why a process cannot work for this coordinator, with the
// remedy; "" if it can.
func (c Config) workerMismatch(protocol uint32, p queue.Process) string {
	switch {
	case protocol != spiqsweepv1.ProtocolVersion:
		return fmt.Sprintf("the worker speaks protocol %d, the coordinator %d: %s",
			protocol, spiqsweepv1.ProtocolVersion, updateAdvice("worker", int(protocol), spiqsweepv1.ProtocolVersion))
	case p.Numerics != c.Numerics:
		return fmt.Sprintf("the worker computes with numerics %d, the coordinator's sweep with %d: %s",
			p.Numerics, c.Numerics, updateAdvice("worker", p.Numerics, c.Numerics))
	case p.KernelClass != c.KernelClass:
		return fmt.Sprintf("the worker's kernel class is %q, the sweep's is %q, and their results differ in bits: "+
			"start the worker with another SPIQSWEEP_KERNEL or on another machine, "+
			"or a sweep of the worker's class with `coordinator --kernel %s`",
			p.KernelClass, c.KernelClass, p.KernelClass)
	default:
		return ""
	}
}

// sweepMismatch returns why the coordinator's workers cannot compute a sweep, with the
// remedy; "" if they can.
func (c Config) sweepMismatch(s queue.Sweep) string {
	switch {
	case s.Numerics != c.Numerics:
		return fmt.Sprintf("the sweep is of numerics %d, the coordinator serves numerics %d: %s",
			s.Numerics, c.Numerics, updateAdvice("program that submits it", s.Numerics, c.Numerics))
	case s.KernelClass != c.KernelClass:
		return fmt.Sprintf("the sweep is of kernel class %q, the coordinator serves %q: submit the sweep with `--kernel %s`, or to another coordinator",
			s.KernelClass, c.KernelClass, c.KernelClass)
	default:
		return ""
	}
}

// operatorMismatch returns why the operator's program cannot talk to this coordinator;
// "" if it can, or if it does not state its protocol, as other clients may not. Workers
// state theirs in their messages.
func operatorMismatch(ctx context.Context) string {
	theirs, ok := credentials.Protocol(ctx)
	if !ok || theirs == spiqsweepv1.ProtocolVersion {
		return ""
	}
	return fmt.Sprintf("the command speaks protocol %d, the coordinator %d: %s",
		theirs, spiqsweepv1.ProtocolVersion, updateAdvice("command", theirs, spiqsweepv1.ProtocolVersion))
}

// updateAdvice names the older side.
func updateAdvice(caller string, theirs, ours int) string {
	if theirs < ours {
		return "update the " + caller
	}
	return "update the coordinator"
}
