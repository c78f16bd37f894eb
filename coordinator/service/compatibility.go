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
	if protocol != spiqsweepv1.ProtocolVersion {
		return fmt.Sprintf("the worker speaks protocol %d, the coordinator %d: %s",
			protocol, spiqsweepv1.ProtocolVersion, queue.UpdateAdvice("worker", int(protocol), spiqsweepv1.ProtocolVersion))
	}
	return queue.WorkerMismatch(p.Arithmetic(), c.arithmetic())
}

// arithmetic returns the arithmetic of the sweeps that the coordinator serves.
func (c Config) arithmetic() queue.Arithmetic {
	return queue.Arithmetic{Numerics: c.Numerics, KernelClass: c.KernelClass}
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
		theirs, spiqsweepv1.ProtocolVersion, queue.UpdateAdvice("command", theirs, spiqsweepv1.ProtocolVersion))
}
