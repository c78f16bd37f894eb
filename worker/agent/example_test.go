package agent_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/worker/agent"
)

// A history simulated without a clock or a network.
func ExampleAgent_Step() {
	a := agent.New(agent.Settings{
		Process: &spiqsweepv1.Process{Id: "p", Slots: 1},
		Random:  rand.New(rand.NewPCG(1, 2)),
	})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	play := func(e agent.Event) {
		now = now.Add(time.Second)
		fmt.Printf("%T:", e)
		for _, action := range a.Step(now, e) {
			switch action := action.(type) {
			case agent.Call:
				fmt.Printf(" call %d with %d reports", action.Request.GetSequence(), len(action.Request.GetReports()))
			case agent.Exit:
				fmt.Printf(" exit %d", action.Code)
			case agent.Say, agent.SetTimer:
			default:
				fmt.Printf(" %T", action)
			}
		}
		fmt.Println()
	}
	lease := &spiqsweepv1.Lease{Task: "t", Attempt: 1}
	held := &spiqsweepv1.Assignment{Lease: lease}

	play(agent.Started{})
	play(agent.Answered{Sequence: 1, Response: &spiqsweepv1.SyncResponse{Assignments: []*spiqsweepv1.Assignment{
		{Lease: lease, Task: &spiqsweepv1.Task{RecordingDigest: "r", StallTimeout: durationpb.New(time.Hour)}},
	}}})
	play(agent.RecordingFetched{Digest: "r"})
	play(agent.Answered{Sequence: 2, Response: &spiqsweepv1.SyncResponse{Assignments: []*spiqsweepv1.Assignment{held}}})
	play(agent.Ended{Lease: agent.Lease{Task: "t", Attempt: 1}, Result: &spiqsweepv1.Result{}})
	play(agent.CallFailed{Sequence: 3, Err: status.Error(codes.Unavailable, "the network is down")})
	play(agent.Woken{})
	play(agent.Answered{Sequence: 4, Response: &spiqsweepv1.SyncResponse{Done: true, Verdicts: []*spiqsweepv1.Verdict{
		{Lease: lease, Judgement: spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED},
	}}})
	// Output:
	// agent.Started: call 1 with 0 reports
	// agent.Answered: agent.FetchRecording
	// agent.RecordingFetched: agent.StartTask call 2 with 0 reports
	// agent.Answered:
	// agent.Ended: call 3 with 1 reports
	// agent.CallFailed:
	// agent.Woken: call 4 with 1 reports
	// agent.Answered: exit 0
}
