package app

import (
	"context"
	"fmt"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Explanation describes a task: what its ID is the digest of, and what became of it. It is
// also printed as JSON.
type Explanation struct {
	Task   string `json:"task"`
	Label  string `json:"label"`
	State  string `json:"state"` // as in results.csv
	Reason string `json:"reason,omitempty"`
	// Identity is what the ID is the SHA-256 of.
	Identity Identity `json:"identity"`
	// ResultSHA256 is the digest of the accepted result, "" without one.
	ResultSHA256 string        `json:"result_sha256,omitempty"`
	Attempts     []TaskAttempt `json:"attempts"`
	// Nearest is the task of another configuration that differs least; nil if there is none.
	Nearest *Neighbour `json:"nearest"`
}

// Identity is everything that decides the numbers of a task.
type Identity struct {
	Model       string         `json:"model"`
	Settings    []SettingValue `json:"settings"`
	Replicate   int            `json:"replicate"`
	Recording   string         `json:"recording"` // its name, which is not part of the ID
	DataSHA256  string         `json:"data_sha256"`
	NeuronIDs   []int          `json:"neuron_ids"` // which choose the data
	Numerics    int            `json:"numerics"`
	KernelClass string         `json:"kernel_class"`
}

// SettingValue is a setting with its value.
type SettingValue struct {
	Name      string `json:"name"`
	Value     any    `json:"value"`
	IsDefault bool   `json:"is_default"`
}

// TaskAttempt is an attempt at a task.
type TaskAttempt struct {
	Number         uint64     `json:"attempt"`
	Outcome        string     `json:"outcome"` // "running" if it has not ended
	Host           string     `json:"host"`
	Kernel         string     `json:"kernel"`
	LeasedAt       time.Time  `json:"leased_at"`
	EndedAt        *time.Time `json:"ended_at"`
	FirstStep      uint64     `json:"first_step"`
	LastStep       uint64     `json:"last_step"`
	ComputeSeconds float64    `json:"compute_seconds"`
	Message        string     `json:"message,omitempty"`
	Log            string     `json:"log,omitempty"` // the last lines of a failed task's log
}

// Neighbour is another task and how its identity differs.
type Neighbour struct {
	Task        string              `json:"task"`
	Label       string              `json:"label"`
	Differences []SettingComparison `json:"differences"`
}

// SettingComparison is a setting, or another part of an identity, with its values in two
// tasks or sweeps; null where it is not read.
type SettingComparison struct {
	Name   string `json:"name"`
	First  any    `json:"first"`
	Second any    `json:"second"`
}

// Explain describes the task with an ID or the beginning of one.
func (s *Stored) Explain(ctx context.Context, idOrPrefix string) (Explanation, error) {
	row, task, err := s.task(idOrPrefix)
	if err != nil {
		return Explanation{}, err
	}
	state, err := s.state(ctx, task.ID)
	if err != nil {
		return Explanation{}, err
	}
	attempts, err := s.attempts(ctx, task.ID)
	if err != nil {
		return Explanation{}, fmt.Errorf("read the attempts: %w", err)
	}
	e := Explanation{
		Task: string(task.ID), Label: s.label(task.Configuration), State: string(state.State), Reason: state.Reason,
		ResultSHA256: state.Digest, Attempts: []TaskAttempt{},
	}
	if e.Identity, err = s.identity(ctx, task); err != nil {
		return Explanation{}, err
	}
	for _, a := range attempts {
		e.Attempts = append(e.Attempts, newTaskAttempt(a))
	}
	if nearest, found := s.nearest(row); found {
		other := s.app.prepared.Plan.Row(nearest)
		e.Nearest = &Neighbour{Task: string(other.ID), Label: s.label(other.Configuration), Differences: taskDifferences(task, other)}
	}
	return e, nil
}

func (s *Stored) identity(ctx context.Context, task sweep.Task) (Identity, error) {
	selected, err := s.app.prepared.selected(ctx, task.Configuration)
	if err != nil {
		return Identity{}, err
	}
	i := Identity{
		Model: task.Configuration.Model, Replicate: task.Configuration.Replicate,
		Recording: selected.Recording, DataSHA256: task.Recording, NeuronIDs: selected.NeuronIDs,
		Numerics: s.Sweep.Numerics, KernelClass: s.Sweep.KernelClass,
	}
	for _, setting := range sweep.IdentitySettings(task.Configuration) {
		value := sweep.IdentityValue(setting, task.Configuration)
		i.Settings = append(i.Settings, SettingValue{setting.Name, value, value == setting.Default})
	}
	return i, nil
}

func newTaskAttempt(a queue.Attempt) TaskAttempt {
	t := TaskAttempt{
		Number: a.Attempt, Outcome: outcomeOf(a), Host: a.Host, Kernel: a.Kernel, LeasedAt: a.GrantedAt,
		FirstStep: a.From, LastStep: a.Step, ComputeSeconds: a.Compute.Seconds(), Message: a.Reason, Log: a.Log,
	}
	if a.Outcome != queue.Live {
		t.EndedAt = &a.EndedAt
	}
	return t
}

// taskDifferences returns how the identities of two tasks of one sweep differ.
func taskDifferences(first, second sweep.Task) []SettingComparison {
	all := []SettingComparison{}
	for _, d := range sweep.IdentityDifferences(first.Configuration, second.Configuration) {
		all = append(all, SettingComparison(d))
	}
	if first.Recording != second.Recording {
		all = append(all, SettingComparison{"data_sha256", first.Recording, second.Recording})
	}
	return all
}
