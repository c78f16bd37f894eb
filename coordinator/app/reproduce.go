package app

import (
	"context"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// Reproduction compares the stored result of a task with that of another run. It is also
// printed as JSON.
type Reproduction struct {
	Task         string `json:"task"`
	Label        string `json:"label"`
	Equal        bool   `json:"equal"` // bit for bit
	StoredSHA256 string `json:"stored_sha256"`
	HereSHA256   string `json:"here_sha256"`
	// Altered reports that the stored result is not the one that was accepted.
	Altered bool `json:"altered"`
	// Difference is the first difference; nil if there is none.
	Difference *ResultDifference `json:"difference"`
	Seconds    float64           `json:"seconds"`
	// Stored is the attempt that reported the stored result; nil if it is not known.
	Stored *TaskAttempt `json:"stored"`
}

// ResultDifference is the first place where two results differ, such as
// "errors.k_probability", with both values.
type ResultDifference struct {
	Path   string `json:"path"`
	Stored string `json:"stored"`
	Here   string `json:"here"`
}

// RunTask computes the result of a task on a raster, in this process.
type RunTask func(context.Context, sweep.Task, *recording.Raster) (sweep.Result, error)

// Reproduce runs a finished task, named by its ID or the beginning of one, and compares the
// result with the stored one. It changes nothing, unlike [Place.Verify], for which the
// coordinator's workers run tasks. A kernel of another class than the sweep's computes other
// numbers.
func (s *Stored) Reproduce(ctx context.Context, idOrPrefix string, run RunTask) (Reproduction, error) {
	if reason, with := queue.SweepMismatch(s.Sweep.Arithmetic(), queue.ProgramArithmetic(s.Sweep.KernelClass)); reason != "" {
		return Reproduction{}, folder.BadInput("the sweep %s: reproduce its tasks with %s", reason, with)
	}
	_, task, err := s.task(idOrPrefix)
	if err != nil {
		return Reproduction{}, err
	}
	state, err := s.state(ctx, task.ID)
	switch {
	case err != nil:
		return Reproduction{}, err
	case state.Digest == "":
		return Reproduction{}, folder.BadInput("task %s is %s: it has no result to compare with", task.ID, state.State)
	}
	stored, err := s.app.queue.Result(ctx, task.ID, state.Digest)
	if err != nil {
		return Reproduction{}, err
	}
	raster, err := s.app.prepared.raster(ctx, task)
	if err != nil {
		return Reproduction{}, err
	}
	began := time.Now()
	result, err := run(ctx, task, raster)
	if err != nil {
		return Reproduction{}, err
	}
	seconds := time.Since(began).Seconds()
	here, err := result.Encode()
	if err != nil {
		return Reproduction{}, err
	}
	r := Reproduction{
		Task: string(task.ID), Label: s.label(task.Configuration), StoredSHA256: sweep.ResultDigest(stored), HereSHA256: sweep.ResultDigest(here),
		Altered: sweep.ResultDigest(stored) != state.Digest, Seconds: seconds,
	}
	if d, differ := sweep.FirstDifference(stored, here); differ && r.StoredSHA256 != r.HereSHA256 {
		r.Difference = &ResultDifference{d.Path, d.First, d.Second}
	}
	r.Equal = r.Difference == nil && !r.Altered
	attempts, err := s.attempts(ctx, task.ID)
	for _, a := range attempts {
		if a.Digest == state.Digest {
			by := newTaskAttempt(a)
			r.Stored = &by
			break
		}
	}
	return r, err
}

// raster returns what a planned task is trained on.
func (p *Prepared) raster(ctx context.Context, task sweep.Task) (*recording.Raster, error) {
	selected, err := p.data.selectNeurons(ctx, task.Configuration)
	if err != nil {
		return nil, err
	}
	r, err := p.data.open(ctx, sourceOf(task.Configuration))
	if err != nil {
		return nil, err
	}
	return r.Raster(selected.neurons), nil
}
