package app_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/local"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// fakeWorkers are local workers that train nothing. Their results depend only on the
// configuration.
type fakeWorkers struct {
	// act returns the report for a task, if act is not nil; a nil report means that the
	// task never ends.
	act func(sweep.Configuration) *spiqsweepv1.Report
	// stay keeps the workers when all tasks are done.
	stay bool

	mu      sync.Mutex
	started int
}

// launch starts fake workers for a coordinator.
func (p *fakeWorkers) launch(file credentials.File, identity string) local.Launch {
	return func() (local.Process, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.started++
		ctx, cancel := context.WithCancel(context.Background())
		w := &fakeWorker{
			fakeWorkers: p, kill: cancel, stop: make(chan struct{}), exit: make(chan error, 1),
			process: &spiqsweepv1.Process{
				Id: identity, Host: "here", ProgramVersion: "test", Protocol: spiqsweepv1.ProtocolVersion,
				Numerics: sweep.Numerics, KernelClass: kernel.Class, Kernel: kernel.Name, Slots: 1,
			},
		}
		go func() { w.exit <- w.work(ctx, file) }()
		return w, nil
	}
}

type fakeWorker struct {
	*fakeWorkers
	process *spiqsweepv1.Process
	kill    context.CancelFunc
	stop    chan struct{}
	exit    chan error
	once    sync.Once
}

func (w *fakeWorker) Stop() error { w.once.Do(func() { close(w.stop) }); return nil }
func (w *fakeWorker) Kill() error { w.kill(); return nil }
func (w *fakeWorker) Wait() error { return <-w.exit }

var errWorkLeft = errors.New("exit status 75")

// work calls the coordinator and reports on every task, until the worker ends.
func (w *fakeWorker) work(ctx context.Context, file credentials.File) error {
	connection, err := file.Dial(file.Addresses[0])
	if err != nil {
		return err
	}
	defer connection.Close()
	client := spiqsweepv1.NewWorkerServiceClient(connection)
	held := map[string]*spiqsweepv1.HeldLease{} // by task
	var reports []*spiqsweepv1.Report
	for sequence := uint64(1); ; sequence++ {
		request := &spiqsweepv1.SyncRequest{Process: w.process, Sequence: sequence, Reports: reports, Draining: closed(w.stop), Stays: w.stay}
		for _, h := range held {
			request.Held = append(request.Held, h)
		}
		switch {
		case request.Draining:
			request.Reports = handBacks(held, reports)
		case len(held) == len(reports):
			request.FreeSlots = 1
		}
		answer, err := w.sync(ctx, client, request)
		switch {
		case err != nil && !request.Draining && closed(w.stop):
			continue // it was asked to stop while it waited for work
		case err != nil:
			return err
		case answer.GetDone():
			return nil
		case request.Draining:
			return errWorkLeft
		}
		for _, report := range reports {
			delete(held, report.GetLease().GetTask())
		}
		reports = nil
		for _, assignment := range answer.GetAssignments() {
			if assignment.GetTask() == nil {
				continue
			}
			held[assignment.GetLease().GetTask()] = &spiqsweepv1.HeldLease{Lease: assignment.GetLease(), Started: true}
			report, err := w.report(assignment)
			if err != nil {
				return err
			}
			if report != nil {
				reports = append(reports, report)
			}
		}
		if len(reports) == 0 {
			wait(w.stop, min(answer.GetCallAgainIn().AsDuration(), 50*time.Millisecond))
		}
	}
}

// sync makes a call. Stop cancels the call of an idle worker.
func (w *fakeWorker) sync(ctx context.Context, client spiqsweepv1.WorkerServiceClient, r *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if len(r.GetHeld()) == 0 && !r.GetDraining() {
		go func() {
			defer cancel()
			select {
			case <-w.stop:
			case <-ctx.Done():
			}
		}()
	}
	return client.Sync(ctx, r)
}

// handBacks adds reports that hand back all other tasks.
func handBacks(held map[string]*spiqsweepv1.HeldLease, reports []*spiqsweepv1.Report) []*spiqsweepv1.Report {
	reported := map[string]bool{}
	for _, report := range reports {
		reported[report.GetLease().GetTask()] = true
	}
	for task, h := range held {
		if !reported[task] {
			outcome := &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: "leaving"}}
			reports = append(reports, &spiqsweepv1.Report{Lease: h.GetLease(), Outcome: outcome})
		}
	}
	return reports
}

// report returns the report for a task, or nil if it never ends.
func (w *fakeWorker) report(a *spiqsweepv1.Assignment) (*spiqsweepv1.Report, error) {
	c, err := sweep.DecodeConfiguration(a.GetTask().GetConfiguration())
	if err != nil {
		return nil, err
	}
	report := &spiqsweepv1.Report{Outcome: finished(c)}
	if w.act != nil {
		report = w.act(c)
	}
	if report != nil {
		report.Lease = a.GetLease()
	}
	return report, nil
}

// finished returns a valid result of a configuration.
func finished(c sweep.Configuration) *spiqsweepv1.Report_Result {
	vectors := map[string][]float64{}
	for _, name := range sweep.StatisticNames {
		if n := sweep.StatisticLength(name, c.Neurons, c.Timesteps); n > 0 {
			vectors[name] = slices.Repeat([]float64{1 / float64(n)}, n)
		}
	}
	size := float64(c.Neurons*c.Timesteps) + c.K + float64(c.Replicate)/10
	r := sweep.Result{
		TrainableParameters: c.TrainableParameters(),
		Errors:              map[string]float64{"k_probability": 1e-3 * size, "firing_rate_hz2": 1e-2 * size},
		Floors:              map[string]float64{"k_probability": 1e-7, "firing_rate_hz2": 1e-4},
		Model:               vectors, Data: vectors,
		Samples: slices.Repeat([][]uint32{make([]uint32, c.Timesteps)}, sweep.SampleWindows),
	}
	if c.HasState() {
		r.History = []sweep.HistoryPoint{{Step: 0, JSBits: 0.5}, {Step: c.Training.Steps, JSBits: 0.01 * size}}
	}
	for range c.Timesteps {
		r.Angles = append(r.Angles, slices.Repeat([][][2]float64{slices.Repeat([][2]float64{{0, math.Pi}}, c.Qubits())}, c.Circuit.Layers))
	}
	if err := r.Validate(c); err != nil {
		panic(err)
	}
	body, err := r.Encode()
	if err != nil {
		panic(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return &spiqsweepv1.Report_Result{Result: &spiqsweepv1.Result{
		Body: encoder.EncodeAll(body, nil), Digest: sweep.Digest(body), ComputeTime: durationpb.New(time.Second),
	}}
}

func failing(sweep.Configuration) *spiqsweepv1.Report {
	return &spiqsweepv1.Report{Outcome: &spiqsweepv1.Report_Failure{Failure: &spiqsweepv1.Failure{Message: "NaN", Log: "step 3: NaN"}}}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func wait(stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stop:
	case <-timer.C:
	}
}
