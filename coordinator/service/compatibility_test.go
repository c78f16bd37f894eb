package service_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestMismatchNamesTheOlderSide checks workers, operators and sweeps.
func TestMismatchNamesTheOlderSide(t *testing.T) {
	b := newFixture(t, 1)
	worker := func(change func(*spiqsweepv1.Process)) error {
		p := process("p", 1)
		change(p)
		_, err := b.worker.Sync(t.Context(), &spiqsweepv1.SyncRequest{Process: p, Sequence: 1})
		return err
	}
	command := func(protocol string) error {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "spiqsweep-protocol", protocol)
		_, err := b.operator.ListSweeps(ctx, &spiqsweepv1.ListSweepsRequest{})
		return err
	}
	submit := func(numerics uint32) error {
		head, _ := secondSweep(recordingDigest, 0)
		head.Sweep.Numerics = numerics
		_, err := b.plan(head)
		return err
	}
	tests := map[string]struct {
		err  error
		want string // "": no error
	}{
		"worker of an older protocol":      {worker(func(p *spiqsweepv1.Process) { p.Protocol = 0 }), "protocol 0, the coordinator 1: update the worker"},
		"worker of a newer protocol":       {worker(func(p *spiqsweepv1.Process) { p.Protocol = 2 }), "protocol 2, the coordinator 1: update the coordinator"},
		"worker of older numerics":         {worker(func(p *spiqsweepv1.Process) { p.Numerics = sweep.Numerics - 1 }), "update the worker"},
		"worker of newer numerics":         {worker(func(p *spiqsweepv1.Process) { p.Numerics = sweep.Numerics + 1 }), "update the coordinator"},
		"older command":                    {command("0"), "protocol 0, the coordinator 1: update the command"},
		"newer command":                    {command("2"), "protocol 2, the coordinator 1: update the coordinator"},
		"command of this version":          {command("1"), ""},
		"command with a malformed version": {command("one"), ""},
		"sweep of older numerics":          {submit(sweep.Numerics - 1), "update the program that submits it"},
		"sweep of newer numerics":          {submit(sweep.Numerics + 1), "update the coordinator"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code := codes.OK
			if test.want != "" {
				code = codes.FailedPrecondition
			}
			if status.Code(test.err) != code || !strings.Contains(status.Convert(test.err).Message(), test.want) {
				t.Errorf("error is %v, want %v with %q", test.err, code, test.want)
			}
		})
	}
}
