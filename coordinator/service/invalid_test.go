package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestInvalidResults reports each kind of invalid result together with a valid one.
func TestInvalidResults(t *testing.T) {
	body := resultBody(t)
	oversized := packed(t, make([]byte, 65<<20))
	huge := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, bytes.Repeat([]byte{0xff}, 7)...) // claims 2⁶³ bytes
	tests := map[string]struct {
		report func(*spiqsweepv1.Lease) *spiqsweepv1.Report
		why    string
	}{
		"not compressed": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, body, sweep.Digest(body)) }, "unpack"},
		"too large":      {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, oversized, sweep.Digest(body)) }, "at most"},
		"a false size":   {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, huge, sweep.Digest(body)) }, "unpack"},
		"another digest": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			return resultReport(l, packed(t, body), strings.Repeat("0", 64))
		}, "digest"},
		"no outcome": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return &spiqsweepv1.Report{Lease: l} }, "no outcome"},
		"an absurd time": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			r := resultReport(l, packed(t, body), sweep.Digest(body))
			r.GetResult().ComputeTime = durationpb.New(100 * 365 * 24 * time.Hour)
			return r
		}, "compute_time"},
		"duplicate keys": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			twice := bytes.Replace(body, []byte(`"trainable_parameters"`), []byte(`"trainable_parameters":1,"trainable_parameters"`), 1)
			return resultReport(l, packed(t, twice), sweep.Digest(twice))
		}, "decode result"},
		"a huge number": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			huge := bytes.Replace(body, []byte("0.01"), []byte("1e999"), 1)
			return resultReport(l, packed(t, huge), sweep.Digest(huge))
		}, "decode result"},
		"a negative count": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			negative := bytes.Replace(body, []byte(`"trainable_parameters":`), []byte(`"trainable_parameters":-`), 1)
			return resultReport(l, packed(t, negative), sweep.Digest(negative))
		}, "trainable_parameters"},
		"deep nesting": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			deep := bytes.Repeat([]byte("["), 20_000)
			return resultReport(l, packed(t, deep), sweep.Digest(deep))
		}, "decode result"},
		"a result of another configuration": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			c := sweep.Default()
			c.Neurons = 3
			other := resultBodyOf(t, c)
			return resultReport(l, packed(t, other), sweep.Digest(other))
		}, "must be"},
		"not a result": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			return resultReport(l, packed(t, []byte("{}")), sweep.Digest([]byte("{}")))
		}, "canonical"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, 2)
			answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 2), Sequence: 1, FreeSlots: 2})
			bad, good := answer.GetAssignments()[0].GetLease(), answer.GetAssignments()[1].GetLease()
			answer = b.sync(&spiqsweepv1.SyncRequest{
				Process: process("p", 2), Sequence: 2,
				Held:    []*spiqsweepv1.HeldLease{{Lease: bad}, {Lease: good}},
				Reports: []*spiqsweepv1.Report{test.report(bad), resultReport(good, packed(t, body), sweep.Digest(body))},
			})
			first, second := answer.GetVerdicts()[0], answer.GetVerdicts()[1]
			if first.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID || !strings.Contains(first.GetReason(), test.why) {
				t.Errorf("verdict on the invalid result is %v, want invalid because of %q", first, test.why)
			}
			if second.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED {
				t.Errorf("verdict on the valid result is %v, want accepted", second)
			}
			// The invalid result counts as a failure of its task, which waits before its next attempt.
			if len(answer.GetAssignments()) != 0 {
				t.Errorf("assignments are %v, want none during the back-off", answer.GetAssignments())
			}
		})
	}
}

// TestOversizedResultIsNotUnpacked reports a result that claims more than the maximum size of
// its task, together with a valid one.
func TestOversizedResultIsNotUnpacked(t *testing.T) {
	b := newFixture(t, 2)
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 2), Sequence: 1, FreeSlots: 2})
	lying, good := answer.GetAssignments()[0].GetLease(), answer.GetAssignments()[1].GetLease()
	body := resultBody(t)
	lie := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 4, 1, 0, 0} // one empty block of 64 MiB
	answer = b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 2), Sequence: 2,
		Held:    []*spiqsweepv1.HeldLease{{Lease: lying}, {Lease: good}},
		Reports: []*spiqsweepv1.Report{resultReport(lying, lie, sweep.Digest(nil)), resultReport(good, packed(t, body), sweep.Digest(body))},
	})
	if v := answer.GetVerdicts()[0]; v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID || !strings.Contains(v.GetReason(), "its task has at most") {
		t.Errorf("verdict on the oversized result is %v, want invalid because of its size", v)
	}
	if v := answer.GetVerdicts()[1]; v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED {
		t.Errorf("verdict on the valid result is %v, want accepted", v)
	}
}

func TestMalformedCallsAreRefused(t *testing.T) {
	lease := &spiqsweepv1.Lease{Task: strings.Repeat("a", 64), Attempt: 1}
	change := func(f func(*spiqsweepv1.Process)) *spiqsweepv1.Process {
		p := process("p", 1)
		f(p)
		return p
	}
	tests := map[string]struct {
		request *spiqsweepv1.SyncRequest
		code    codes.Code
		want    string
	}{
		"no process":   {&spiqsweepv1.SyncRequest{Sequence: 1}, codes.InvalidArgument, "which process"},
		"no id":        {&spiqsweepv1.SyncRequest{Process: process("", 1), Sequence: 1}, codes.InvalidArgument, "no ID"},
		"no slots":     {&spiqsweepv1.SyncRequest{Process: process("p", 0), Sequence: 1}, codes.InvalidArgument, "slots = 0"},
		"many slots":   {&spiqsweepv1.SyncRequest{Process: process("p", 1<<20), Sequence: 1}, codes.InvalidArgument, "slots = 1048576"},
		"long id":      {&spiqsweepv1.SyncRequest{Process: process(strings.Repeat("p", 300), 1), Sequence: 1}, codes.InvalidArgument, "id"},
		"control code": {&spiqsweepv1.SyncRequest{Process: change(func(p *spiqsweepv1.Process) { p.Host = "a\x1b[2J" }), Sequence: 1}, codes.InvalidArgument, "host"},
		"no sequence":  {&spiqsweepv1.SyncRequest{Process: process("p", 1)}, codes.InvalidArgument, "sequence = 0"},
		"free slots":   {&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 2}, codes.InvalidArgument, "free_slots = 2"},
		"held nothing": {&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, Held: []*spiqsweepv1.HeldLease{{}}}, codes.InvalidArgument, "lease of task"},
		"attempt 0": {&spiqsweepv1.SyncRequest{
			Process: process("p", 1), Sequence: 1,
			Reports: []*spiqsweepv1.Report{{Lease: &spiqsweepv1.Lease{Task: lease.Task}}},
		}, codes.InvalidArgument, "attempt 0"},
		"old worker": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Protocol = 0 }), Sequence: 1,
		}, codes.FailedPrecondition, "protocol 0, the coordinator 1: update the worker"},
		"new worker": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Protocol = 9 }), Sequence: 1,
		}, codes.FailedPrecondition, "update the coordinator"},
		"old numerics": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Numerics = 0 }), Sequence: 1,
		}, codes.FailedPrecondition, fmt.Sprintf("numerics 0, the sweep with %d: update the worker", sweep.Numerics)},
		"other kernel": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.KernelClass = "portable/arm64" }), Sequence: 1,
		}, codes.FailedPrecondition, "coordinator --kernel portable/arm64"},
	}
	b := newFixture(t, 1)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := b.worker.Sync(t.Context(), test.request)
			if status.Code(err) != test.code || !strings.Contains(status.Convert(err).Message(), test.want) {
				t.Errorf("error is %v, want %v with %q", err, test.code, test.want)
			}
		})
	}
}

func TestErrorsBecomeStatusCodes(t *testing.T) {
	b := newFixture(t, 1)
	held := b.lease("holder")
	other := process("other", 1)
	unknown := strings.Repeat("0", 64)
	tests := map[string]struct {
		call func(context.Context) error
		want codes.Code
	}{
		"recording unknown": {func(ctx context.Context) error {
			_, err := b.worker.GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: unknown})
			return err
		}, codes.NotFound},
		"recording malformed": {func(ctx context.Context) error {
			_, err := b.worker.GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: "../etc/passwd"})
			return err
		}, codes.InvalidArgument},
		"checkpoint of another process": {func(ctx context.Context) error {
			_, err := b.worker.GetCheckpoint(ctx, &spiqsweepv1.GetCheckpointRequest{Process: other, Lease: held})
			return err
		}, codes.FailedPrecondition},
		"empty checkpoint": {func(ctx context.Context) error {
			_, err := b.worker.PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{Process: process("holder", 1), Lease: held, Step: 1})
			return err
		}, codes.InvalidArgument},
		"task malformed": {func(ctx context.Context) error {
			_, err := b.operator.Retry(ctx, &spiqsweepv1.RetryRequest{Tasks: []string{"42"}})
			return err
		}, codes.InvalidArgument},
		"task unknown": {func(ctx context.Context) error {
			_, err := b.operator.Retry(ctx, &spiqsweepv1.RetryRequest{Tasks: []string{unknown}})
			return err
		}, codes.NotFound},
		"unknown sweep": {func(ctx context.Context) error {
			_, err := b.operator.Cancel(ctx, &spiqsweepv1.CancelRequest{Selection: &spiqsweepv1.Selection{Sweep: "unknown"}})
			return err
		}, codes.NotFound},
		"unknown setting": {func(ctx context.Context) error {
			_, err := b.operator.Cancel(ctx, &spiqsweepv1.CancelRequest{Selection: &spiqsweepv1.Selection{
				Configurations: []*spiqsweepv1.ConfigurationFilter{{Settings: map[string]string{"neuron": "2"}}},
			}})
			return err
		}, codes.InvalidArgument},
		"too many configurations": {func(ctx context.Context) error {
			_, err := b.operator.Verify(ctx, &spiqsweepv1.VerifyRequest{Share: 1, Selection: &spiqsweepv1.Selection{
				Configurations: make([]*spiqsweepv1.ConfigurationFilter, 2000),
			}})
			return err
		}, codes.InvalidArgument},
		"share of 0": {func(ctx context.Context) error {
			_, err := b.operator.Verify(ctx, &spiqsweepv1.VerifyRequest{})
			return err
		}, codes.InvalidArgument},
		"drain of an unknown host": {func(ctx context.Context) error {
			_, err := b.operator.Drain(ctx, &spiqsweepv1.DrainRequest{Hosts: []string{"unknown"}})
			return err
		}, codes.NotFound},
		"drain of an empty ID": {func(ctx context.Context) error {
			_, err := b.operator.Drain(ctx, &spiqsweepv1.DrainRequest{Processes: []string{""}})
			return err
		}, codes.InvalidArgument},
		"message too large": {func(ctx context.Context) error {
			_, err := b.worker.PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{
				Process: process("holder", 1), Lease: held, Step: 1, Body: make([]byte, credentials.MaxMessageBytes+1),
			})
			return err
		}, codes.ResourceExhausted},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.call(t.Context()); status.Code(err) != test.want {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

// failingStore is a store whose error names its address.
type failingStore struct{ queue.Store }

func (failingStore) View(context.Context, func(queue.Tx) error) error {
	return &queue.StoreError{Advice: "the disk is full", Err: errors.New("connect to postgres://owner@db.example.org: the disk is full")}
}

func TestErrorsForWorkersOmitTheStoreAddress(t *testing.T) {
	b := newFixture(t, 1, func(c *service.Config) { c.Queue = queue.New(failingStore{}, queue.Policy{}) })
	_, err := b.worker.GetRecording(t.Context(), &spiqsweepv1.GetRecordingRequest{Digest: recordingDigest})
	if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "db.example.org") || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a worker gets %v, want Unavailable and the reason without the address", err)
	}
	_, err = b.operator.ListSweeps(t.Context(), &spiqsweepv1.ListSweepsRequest{})
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "db.example.org") {
		t.Errorf("an operator gets %v, want Unavailable and the reason", err)
	}
}

// TestStepsBeyondTheTask checks that the status limits a reported step to the task's last.
func TestStepsBeyondTheTask(t *testing.T) {
	b := newFixture(t, 1)
	lease := b.lease("p")
	b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease, Step: 1 << 63, Started: true}},
	})
	state, err := b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{})
	b.must(err)
	running := state.GetWorkers()[0].GetRunning()
	if len(running) != 1 || running[0].GetStep() != running[0].GetTotalSteps() || running[0].GetTotalSteps() == 0 {
		t.Errorf("running: %v", running)
	}
}
