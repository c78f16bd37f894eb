package service

import (
	"context"

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

// Remembered is how many bytes of identities a server keeps once a process has
// called under each of them.
func Remembered(identities ...string) (bytes int) {
	p := newPaces(Limits{}.withDefaults(), newRefusals(nil))
	for _, identity := range identities {
		call := &spiqsweepv1.SyncRequest{Process: &spiqsweepv1.Process{Id: identity}}
		_, _ = p.paced(context.Background(), call, nil, func(context.Context, any) (any, error) { return nil, nil })
	}
	for identity := range p.calls {
		bytes += len(identity)
	}
	return bytes
}
