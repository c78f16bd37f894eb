package wire_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

var (
	label  = rapid.StringMatching(`[a-zäß0-9 ./-]{1,20}`)
	digest = rapid.StringMatching(`[0-9a-f]{64}`)
	count  = rapid.IntRange(0, 1<<20)
	moment = rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(1, 1<<50).Draw(t, "µs")).UTC()
	})
	span   = rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "ns")) })
	counts = rapid.Custom(func(t *rapid.T) queue.Counts {
		leased := count.Draw(t, "leased")
		return queue.Counts{
			Planned: count.Draw(t, "planned"), Done: count.Draw(t, "done"), Leased: leased,
			Pending: count.Draw(t, "pending"), Failed: count.Draw(t, "failed"), Diverged: count.Draw(t, "diverged"),
			Verifying: count.Draw(t, "verifying"), Queued: rapid.IntRange(0, leased).Draw(t, "queued"),
		}
	})
	planned = rapid.Custom(func(t *rapid.T) queue.Planned {
		c := sweep.Default()
		c.Replicate, c.Seed = count.Draw(t, "replicate"), rapid.Uint64Range(0, 1<<40).Draw(t, "seed")
		return queue.Planned{
			Task: sweep.Task{ID: sweep.TaskID(digest.Draw(t, "ID")), ConfigurationIndex: count.Draw(t, "index"), Configuration: c, Recording: digest.Draw(t, "recording")},
			Row:  count.Draw(t, "row"), Order: count.Draw(t, "order"), Cost: rapid.Float64Range(0, 1e9).Draw(t, "cost"),
		}
	})
	row = rapid.Custom(func(t *rapid.T) queue.Row {
		phase := rapid.SampledFrom([]queue.Phase{queue.Waiting, queue.Done, queue.Failed, queue.Diverged}).Draw(t, "phase")
		r := queue.Row{Planned: planned.Draw(t, "planned"), Phase: phase, State: phase.State(), Reason: label.Draw(t, "reason")}
		if r.Reason == "" {
			r.Task = sweep.Task{ID: r.Task.ID, ConfigurationIndex: r.Task.ConfigurationIndex} // the rest follows from the grid
		}
		if phase == queue.Done || phase == queue.Diverged {
			r.Digest, r.Measures = digest.Draw(t, "result"), []byte(label.Draw(t, "measures")+"{}")
		}
		return r
	})
	lease = rapid.Custom(func(t *rapid.T) queue.Lease {
		return queue.Lease{Task: sweep.TaskID(digest.Draw(t, "task")), Attempt: rapid.Uint64Range(1, 1<<62).Draw(t, "attempt")}
	})
	history = rapid.Custom(func(t *rapid.T) queue.History {
		h := queue.History{Row: count.Draw(t, "row"), Attempt: queue.Attempt{
			Lease: lease.Draw(t, "lease"), Process: label.Draw(t, "process"), Host: label.Draw(t, "host"), Kernel: label.Draw(t, "kernel"),
			GrantedAt: moment.Draw(t, "granted"), From: 3, Step: 7, Compute: span.Draw(t, "compute"),
		}}
		if rapid.Bool().Draw(t, "ended") {
			h.Outcome, h.EndedAt, h.Reason, h.Log = queue.AttemptFailed, moment.Draw(t, "end"), label.Draw(t, "reason"), label.Draw(t, "log")
		}
		return h
	})
	// k is a K that an expression can state: one below the smallest normal number is out of range.
	k         = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0x1p-1022, 10))
	selection = rapid.Custom(func(t *rapid.T) queue.Selection {
		return queue.Selection{
			Sweep: label.Draw(t, "sweep"),
			Tasks: []sweep.TaskID{sweep.TaskID(digest.Draw(t, "task")), sweep.TaskID(digest.Draw(t, "other")[:4])},
			Configurations: []sweep.ConfigurationFilter{
				{"neurons": float64(rapid.IntRange(1, 16).Draw(t, "n")), "k": k.Draw(t, "k")},
				{"entangler": "ring", "final_encoding": true, "select": "50,2,16"},
			},
		}
	})
	summary = rapid.Custom(func(t *rapid.T) queue.Summary {
		return queue.Summary{Counts: counts.Draw(t, "counts"), Sweep: queue.Sweep{
			ID: label.Draw(t, "ID"), Name: label.Draw(t, "name"), Revision: count.Draw(t, "revision"),
			Numerics: count.Draw(t, "numerics"), KernelClass: label.Draw(t, "class"), CreatedAt: moment.Draw(t, "created"),
			Note: label.Draw(t, "note"), Recording: label.Draw(t, "recording"),
		}}
	})
	status = rapid.Custom(func(t *rapid.T) queue.Status {
		held := lease.Draw(t, "lease")
		return queue.Status{
			Sweep: queue.Sweep{ID: label.Draw(t, "ID"), Name: label.Draw(t, "name"), Revision: count.Draw(t, "revision"), KernelClass: label.Draw(t, "class")},
			AsOf:  moment.Draw(t, "as of"), Counts: counts.Draw(t, "counts"), TimeLeft: span.Draw(t, "time left"),
			Workers: []queue.Worker{{
				Presence: queue.Presence{
					Process:  queue.Process{ID: label.Draw(t, "process"), Host: label.Draw(t, "host"), Kernel: label.Draw(t, "kernel"), Slots: count.Draw(t, "slots"), EngineJob: label.Draw(t, "engine job")},
					LastSeen: moment.Draw(t, "seen"), Leaving: rapid.Bool().Draw(t, "leaving"),
				},
				Running: []queue.Running{{Attempt: queue.Attempt{Lease: held, Step: 5}, Steps: 9}},
			}},
			Failed:   []queue.Row{{Planned: queue.Planned{Task: sweep.Task{ID: held.Task}}, Phase: queue.Failed, State: sweep.Failed, Reason: "NaN"}},
			Diverged: []queue.Row{}, Warnings: []string{"the store is not available"},
			MoreExpected: rapid.Bool().Draw(t, "more expected"),
		}
	})
)

// comes back unchanged, over the bytes of the wire.
func comesBack[T any, M proto.Message](values *rapid.Generator[T], write func(T) M, read func(M) (T, error), empty func() M) func(*testing.T) {
	return func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			value := values.Draw(t, "value")
			bytes, err := proto.Marshal(write(value))
			if err != nil {
				t.Fatal(err)
			}
			message := empty()
			if err := proto.Unmarshal(bytes, message); err != nil {
				t.Fatal(err)
			}
			got, err := read(message)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(value, got, cmpopts.IgnoreUnexported(queue.Running{})); diff != "" {
				t.Fatalf("came back (-sent +read):\n%s", diff)
			}
		})
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Run("sweep", comesBack(summary, wire.WriteSweep, wire.ReadSweep, func() *spiqsweepv1.Sweep { return &spiqsweepv1.Sweep{} }))
	t.Run("planned", comesBack(planned, wire.WritePlanned, wire.ReadPlanned, func() *spiqsweepv1.PlannedTask { return &spiqsweepv1.PlannedTask{} }))
	t.Run("row", comesBack(row, wire.WriteRow, wire.ReadRow, func() *spiqsweepv1.Row { return &spiqsweepv1.Row{} }))
	t.Run("attempt", comesBack(history, wire.WriteAttempt, wire.ReadAttempt, func() *spiqsweepv1.Attempt { return &spiqsweepv1.Attempt{} }))
	t.Run("status", comesBack(status, wire.WriteStatus, wire.ReadStatus, func() *spiqsweepv1.GetStatusResponse { return &spiqsweepv1.GetStatusResponse{} }))
	revision := rapid.Custom(func(t *rapid.T) queue.Revision {
		return queue.Revision{Number: count.Draw(t, "n"), Added: count.Draw(t, "a"), Kept: count.Draw(t, "k"), Dropped: count.Draw(t, "d"), AlreadyDone: count.Draw(t, "f")}
	})
	t.Run("selection", comesBack(selection, wire.WriteSelection, wire.ReadSelection, func() *spiqsweepv1.Selection { return &spiqsweepv1.Selection{} }))
	t.Run("revision", comesBack(revision, wire.WriteRevision, wire.ReadRevision, func() *spiqsweepv1.PlanSweepResponse { return &spiqsweepv1.PlanSweepResponse{} }))
}

// TestTextsAreMadePrintable decodes messages of a hostile server.
func TestTextsAreMadePrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hostile := func(name string) string {
			return rapid.SampledFrom([]string{"\x1b[2J", "\x1b]0;t\a", "\r\nforged", "\x00", "\u009b", "\u202e"}).Draw(t, name) + rapid.String().Draw(t, name)
		}
		task := strings.Repeat("0", 64)
		s, err := wire.ReadStatus(&spiqsweepv1.GetStatusResponse{
			Sweep: hostile("sweep"), Name: hostile("name"), KernelClass: hostile("class"), Warnings: []string{hostile("warning")},
			Workers:  []*spiqsweepv1.WorkerStatus{{Process: hostile("process"), Host: hostile("host"), Kernel: hostile("kernel"), EngineJob: hostile("engine job")}},
			Failed:   []*spiqsweepv1.TaskStatus{{Task: task, Reason: hostile("reason")}},
			Diverged: []*spiqsweepv1.TaskStatus{{Task: task, Reason: hostile("reason")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		h, err := wire.ReadAttempt(&spiqsweepv1.Attempt{
			Task: task, Attempt: 1, Outcome: hostile("outcome"), Process: hostile("process"), Host: hostile("host"), Kernel: hostile("kernel"),
			Message: hostile("message"), Log: hostile("log"),
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := wire.ReadRow(&spiqsweepv1.Row{State: "pending", Reason: hostile("reason"), Task: &spiqsweepv1.PlannedTask{
			Task: task, RecordingDigest: task, Configuration: sweep.Canonical(sweep.Default()),
		}})
		if err != nil {
			t.Fatal(err)
		}
		w := s.Workers[0]
		for _, text := range []string{
			s.Sweep.ID, s.Sweep.Name, s.Sweep.KernelClass, s.Warnings[0], w.ID, w.Host, w.Kernel, w.EngineJob, s.Failed[0].Reason, s.Diverged[0].Reason,
			string(h.Outcome), h.Process, h.Host, h.Kernel, h.Reason, r.Reason,
		} {
			if text != sweep.Printable(text) {
				t.Fatalf("%q was read", text)
			}
		}
		if h.Log != sweep.PrintableLines(h.Log) {
			t.Fatalf("the log %q was read", h.Log)
		}
	})
}

func TestLabelsNameEveryAxis(t *testing.T) {
	s := queue.Status{Sweep: queue.Sweep{Grid: []byte(`sweep "a" {
		grid {
			generator_learning_rate = var.rates
			neurons                 = [4]
		}
	}`)}}
	for _, rate := range []float64{0.5, 1e30} {
		c := sweep.Default()
		c.Neurons, c.Training.GeneratorLearningRate = 4, rate
		row := queue.Row{Planned: queue.Planned{Task: sweep.Task{Configuration: c}}}
		s.Failed, s.Diverged = append(s.Failed, row), append(s.Diverged, row)
	}
	answer := wire.WriteStatus(s)
	for _, tasks := range [][]*spiqsweepv1.TaskStatus{answer.GetFailed(), answer.GetDiverged()} {
		var got []string
		for _, task := range tasks {
			got = append(got, task.GetLabel())
		}
		want := []string{"n=4 t=1 k=0 generator_learning_rate=0.5 replicate 0", "n=4 t=1 k=0 generator_learning_rate=1e+30 replicate 0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
	}
}

// FuzzRead decodes arbitrary messages: each must yield an error or a value that can be encoded.
func FuzzRead(f *testing.F) {
	task := queue.Planned{Task: sweep.Task{
		ID: sweep.TaskID(sweep.Digest(nil)), Configuration: sweep.Default(), Recording: sweep.Digest(nil),
	}, Cost: 1}
	for _, m := range []proto.Message{
		wire.WritePlanned(task),
		wire.WriteRow(queue.Row{Planned: task, State: sweep.Done, Digest: sweep.Digest(nil), Measures: []byte("{}")}),
		wire.WriteSweep(queue.Summary{Sweep: queue.Sweep{ID: "a", Name: "b"}}),
		wire.WriteAttempt(queue.History{Attempt: queue.Attempt{Lease: queue.Lease{Task: task.Task.ID, Attempt: 1}}}),
		wire.WriteStatus(queue.Status{Failed: []queue.Row{{Planned: task}}}),
	} {
		body, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var sent spiqsweepv1.Sweep
		if proto.Unmarshal(body, &sent) == nil {
			if s, err := wire.ReadSweep(&sent); err == nil {
				wire.WriteSweep(s)
			}
		}
		// A field that a later program added is dropped, so only the known ones must come back.
		var planned spiqsweepv1.Row
		if (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, &planned) == nil {
			if r, err := wire.ReadRow(&planned); err == nil && !proto.Equal(wire.WriteRow(r).GetTask(), planned.GetTask()) {
				t.Errorf("row %v became %v", planned.GetTask(), wire.WriteRow(r).GetTask())
			}
		}
		var attempt spiqsweepv1.Attempt
		if proto.Unmarshal(body, &attempt) == nil {
			if h, err := wire.ReadAttempt(&attempt); err == nil {
				wire.WriteAttempt(h)
			}
		}
		var status spiqsweepv1.GetStatusResponse
		if proto.Unmarshal(body, &status) == nil {
			if s, err := wire.ReadStatus(&status); err == nil {
				wire.WriteStatus(s)
			}
		}
	})
}

func ExampleWritePlanned() {
	sent := queue.Planned{Task: sweep.Task{
		ID: sweep.TaskID(strings.Repeat("a", 64)), Configuration: sweep.Default(), Recording: strings.Repeat("b", 64),
	}, Row: 4, Cost: 2.5}
	read, err := wire.ReadPlanned(wire.WritePlanned(sent))
	fmt.Println(read.Row, read.Cost, err)
	// Output: 4 2.5 <nil>
}
