package service

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Offered lists what a server that is about to stop offers, to be called without
// a network: its idle workers are not kept waiting.
func Offered(c Config) (contracts []*grpc.ServiceDesc, answers []any) {
	s := &Server{attendance: newAttendance(), leaving: make(chan struct{})}
	close(s.leaving)
	for _, offered := range s.services(c) {
		contracts, answers = append(contracts, offered.contract), append(answers, offered.answers)
	}
	return contracts, answers
}

// Paces is what limits the rates of worker processes.
type Paces struct{ paces *paces }

// NewPaces limits the rates of calls that come from nowhere in particular.
func NewPaces(l Limits) Paces {
	return Paces{newPaces(l.withDefaults(), newRefusals(hclog.NewNullLogger()))}
}

// Call makes a call under an identity, and returns why it is refused.
func (p Paces) Call(identity string) error {
	call := &spiqsweepv1.SyncRequest{Process: &spiqsweepv1.Process{Id: identity}}
	_, err := p.paces.paced(context.Background(), call, nil, func(context.Context, any) (any, error) { return nil, nil })
	return err
}

// Remembered is how many bytes of identities are kept.
func (p Paces) Remembered() (bytes int) {
	for _, identity := range p.paces.processes.Keys() {
		bytes += len(identity)
	}
	return bytes
}

// MaxProcesses is how many processes are remembered.
const MaxProcesses = maxProcesses

// Source is the host that an address is counted for.
var Source = source
