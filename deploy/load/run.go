package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

// run is one run of the load generator.
type run struct {
	settings
	report
	folder string
	kernel circuit.Kernel

	coordinator *coordinator
	load        load
	workers     []*worker
	connections []*grpc.ClientConn
}

func (r *run) measure(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also kills the coordinator
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.Training.Steps = neurons, timesteps, r.steps
	var err error
	if r.load.bodies, err = newBodies(c); err != nil {
		return err
	}
	example := r.load.bodies.result(0)
	r.line("results", "%d bytes each, %d compressed", len(r.load.bodies.before)+varied+len(r.load.bodies.after), len(example.GetBody()))
	if err := r.plan(ctx); err != nil {
		return err
	}
	defer r.closeConnections()
	for _, phase := range []func(context.Context) error{r.offer, r.fullSpeed, r.tables, r.compare} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return nil
}

// resources describes the resources that the coordinator has used so far.
func (r *run) resources() string {
	u := r.coordinator.usage()
	if !u.measured {
		return "memory and CPU time are not available on this system"
	}
	return fmt.Sprintf("coordinator: CPU time %.1f s, memory at most %d MB", u.cpu.Seconds(), u.peakRSS>>20)
}

// offer lets the workers finish a given number of tasks a second.
func (r *run) offer(ctx context.Context) error {
	if r.offered <= 0 {
		return nil
	}
	// One call of each worker shows how many tasks a call carries.
	if err := r.once(ctx); err != nil {
		return err
	}
	perCall := float64(r.load.granted.Load()) / float64(len(r.workers))
	interval := time.Duration(perCall * float64(len(r.workers)) / r.offered * float64(time.Second))
	end := time.Now().Add(r.offeredFor)
	reserved := int64(r.tasks / 2) // for full speed
	p := &phase{interval: interval, until: func() bool { return time.Now().After(end) || r.load.completed.Load() >= reserved }}
	began, before, cpu := time.Now(), r.load.completed.Load(), r.coordinator.usage().cpu
	if err := r.all(ctx, p); err != nil {
		return err
	}
	r.rate(fmt.Sprintf("offered %.0f tasks/s", r.offered), p, began, before, cpu)
	return nil
}

// once lets every worker call once.
func (r *run) once(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range r.workers {
		calls := 0
		p := &phase{until: func() bool { calls++; return calls > 1 }}
		group.Go(func() error { return w.work(ctx, p, time.Now()) })
	}
	return group.Wait()
}

// all lets every worker work until the phase ends, with their first calls spread
// evenly over the interval.
func (r *run) all(ctx context.Context, p *phase) error {
	group, ctx := errgroup.WithContext(ctx)
	now := time.Now()
	for i, w := range r.workers {
		first := now.Add(p.interval * time.Duration(i) / time.Duration(len(r.workers)))
		group.Go(func() error { return w.work(ctx, p, first) })
	}
	return group.Wait()
}

// rate prints the rate and latencies of a phase.
func (r *run) rate(name string, p *phase, began time.Time, before int64, cpu time.Duration) {
	done := r.load.completed.Load() - before
	spent := time.Unix(0, r.load.lastAt.Load()).Sub(began).Seconds()
	r.line(name, "%.0f tasks/s completed durably (%d in %.1f s)", float64(done)/spent, done, spent)
	r.line("", "%s", &p.calls)
	if len(p.waits.all) > 0 {
		r.line("", "calls that may wait: %s", &p.waits)
	}
	if u := r.coordinator.usage(); u.measured {
		r.line("", "coordinator: %.3f ms of CPU time a task, memory at most %d MB",
			1000*(u.cpu-cpu).Seconds()/float64(max(done, 1)), u.peakRSS>>20)
	}
}

// remaining counts the tasks that are not completed.
func (r *run) remaining() int64 { return int64(r.tasks) - r.load.completed.Load() }

// fullSpeed finishes the sweep as fast as the coordinator can.
func (r *run) fullSpeed(ctx context.Context) error {
	if r.remaining() <= 0 {
		r.line("full speed", "not measured: the offered load has used all %d tasks: give more -tasks, or a shorter -offered-for", r.tasks)
		return nil
	}
	end := time.Now().Add(r.fullFor)
	p := &phase{until: func() bool {
		return r.remaining() <= 0 || r.fullFor > 0 && time.Now().After(end)
	}}
	began, before, cpu := time.Now(), r.load.completed.Load(), r.coordinator.usage().cpu
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan struct{})
	go func() { // calls that wait in the server may not return by themselves
		defer close(finished)
		for !p.until() && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	err := r.all(ctx, p)
	complete := p.until()
	cancel()
	<-finished
	if err != nil && !complete {
		return err
	}
	r.rate("full speed", p, began, before, cpu)
	r.line("", "size on disk: %d MB", r.coordinator.diskBytes()>>20)
	return nil
}

// tables waits for the tables and for the end of the coordinator.
func (r *run) tables(ctx context.Context) error {
	if r.remaining() > 0 {
		return nil
	}
	last := time.Unix(0, r.load.lastAt.Load())
	ended := make(chan error, 1)
	go func() { ended <- r.coordinator.wait(ctx) }()
	clock := time.NewTicker(100 * time.Millisecond)
	defer clock.Stop()
	used := r.coordinator.usage()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return errors.Join(err, r.log())
			}
			info, err := os.Stat(filepath.Join(r.coordinator.out, "results.csv"))
			if err != nil {
				return err
			}
			r.line("tables", "results.csv, %d MB, after %.1f s; everything after %.1f s",
				info.Size()>>20, info.ModTime().Sub(last).Seconds(), time.Since(last).Seconds())
			r.line("", "coordinator: CPU time %.1f s in all, memory at most %d MB", used.cpu.Seconds(), used.peakRSS>>20)
			return nil
		case <-clock.C:
			if u := r.coordinator.usage(); u.measured {
				used = u
			}
		}
	}
}

// log returns the coordinator's log as an error.
func (r *run) log() error {
	body, err := os.ReadFile(filepath.Join(r.folder, logFile))
	if err != nil {
		return err
	}
	return fmt.Errorf("the log of the coordinator:\n%s", body)
}

// compare measures the bare writer on the same rows.
func (r *run) compare(ctx context.Context) error {
	if r.store != "" || r.bare == 0 || r.remaining() > 0 {
		return nil
	}
	rate, err := bareRate(ctx, filepath.Join(r.coordinator.out, "sweep.db"), r.folder, r.batch, r.bare)
	if err != nil {
		return err
	}
	r.line("bare writer", "%.0f tasks/s: the same rows, %d tasks in each commit", rate, r.batch)
	return nil
}
