package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// grid returns the grid file of a sweep with the given number of tasks. The learning
// rate is its axis, and with timeLeft the size of a batch, which decides the cost.
func (r *run) grid() string {
	batches := "32"
	if r.timeLeft > 0 {
		batches += ", 65536"
	}
	rates := make([]string, r.tasks/r.replicates/(1+strings.Count(batches, ",")))
	for i := range rates {
		rates[i] = strconv.FormatFloat(0.01+float64(i)*1e-6, 'g', -1, 64)
	}
	return fmt.Sprintf(`sweep "load" {
  replicates = %d
  grid {
    neurons                 = [%d]
    timesteps               = [%d]
    k                       = [0]
    generator_learning_rate = [%s]
    batch_size              = [%s]
  }
  training { steps = %d }
}
`, r.replicates, neurons, timesteps, strings.Join(rates, ", "), batches, r.steps)
}

// plan starts the coordinator on the grid, and makes the workers once it listens.
func (r *run) plan(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(r.folder, gridFile), []byte(r.grid()), 0o666); err != nil {
		return err
	}
	began := time.Now()
	var err error
	if r.coordinator, err = startCoordinator(ctx, r.settings.coordinator, r.folder, r.store); err != nil {
		return err
	}
	file, err := r.coordinator.ready(ctx)
	if err != nil {
		return err
	}
	r.line("plan", "%d tasks in %.1f s; %s", r.tasks, time.Since(began).Seconds(), r.resources())
	return r.connect(file)
}

// connect makes the connections and the workers.
func (r *run) connect(file credentials.File) error {
	connections := r.settings.connections
	if connections == 0 {
		connections = r.settings.workers
	}
	for range connections {
		connection, err := file.Dial(file.Addresses[0])
		if err != nil {
			return err
		}
		r.connections = append(r.connections, connection)
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for i := range r.settings.workers {
		r.workers = append(r.workers, &worker{
			load: &r.load, timeLeft: r.timeLeft,
			client: spiqsweepv1.NewWorkerServiceClient(r.connections[i%connections]),
			process: &spiqsweepv1.Process{
				Id: fmt.Sprintf("load-%016x-%d", random.Uint64(), i), Host: "load", ProgramVersion: "load",
				Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
				KernelClass: r.kernel.Class, Kernel: r.kernel.Name, Slots: 1,
			},
		})
	}
	return nil
}

func (r *run) closeConnections() {
	for _, connection := range r.connections {
		_ = connection.Close()
	}
}
