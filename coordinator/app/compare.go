package app

import (
	"context"
	"fmt"
	"math"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// SweepComparison compares two sweeps. It is also printed as JSON.
type SweepComparison struct {
	First  ComparedSweep `json:"first"`
	Second ComparedSweep `json:"second"`
	// Changed are the settings, and other parts of the identity, that differ between
	// configurations that match.
	Changed        []ChangedSetting `json:"changed"`
	Configurations []ComparedErrors `json:"configurations"`
	OnlyFirst      []string         `json:"only_first"` // labels
	OnlySecond     []string         `json:"only_second"`
}

// ComparedSweep is a sweep with the folder that it was read from.
type ComparedSweep struct {
	Folder      string `json:"folder"`
	Name        string `json:"name"`
	Numerics    int    `json:"numerics"`
	KernelClass string `json:"kernel_class"`
}

// ChangedSetting is a setting that differs in some of the matching configurations.
type ChangedSetting struct {
	SettingComparison
	Configurations int `json:"configurations"`
}

// ComparedErrors are the errors of a configuration in both sweeps.
type ComparedErrors struct {
	Label  string          `json:"label"` // in the first sweep, without a replicate
	Errors []ComparedError `json:"errors"`
}

// ComparedError is [table.ErrorChange] with null for numbers that are undefined.
type ComparedError struct {
	Error       string   `json:"error"`
	Replicates  int      `json:"replicates"` // that both have finished
	First       *float64 `json:"first"`      // mean
	Second      *float64 `json:"second"`
	Difference  *float64 `json:"difference"` // second minus first
	Low         *float64 `json:"difference_ci95_low"`
	High        *float64 `json:"difference_ci95_high"`
	FirstFloor  *float64 `json:"first_floor"`
	SecondFloor *float64 `json:"second_floor"`
}

// CompareSweeps compares the sweeps of two output folders.
func CompareSweeps(ctx context.Context, first, second string) (c SweepComparison, err error) {
	err = ReadStored(ctx, first, Input{}, func(ctx context.Context, a *Stored) error {
		return ReadStored(ctx, second, Input{}, func(ctx context.Context, b *Stored) error {
			c, err = compareStored(ctx, a, b)
			return err
		})
	})
	return c, err
}

func compareStored(ctx context.Context, a, b *Stored) (SweepComparison, error) {
	c := SweepComparison{First: a.compared(), Second: b.compared(), Changed: []ChangedSetting{}, Configurations: []ComparedErrors{}}
	first, err := table.Gather(a.Shape(), a.Rows(ctx))
	if err != nil {
		return c, fmt.Errorf("read the results of %s: %w", a.app.folder, err)
	}
	second, err := table.Gather(b.Shape(), b.Rows(ctx))
	if err != nil {
		return c, fmt.Errorf("read the results of %s: %w", b.app.folder, err)
	}
	matches, onlyFirst, onlySecond := table.CompareSweeps(first, second)
	positions := map[SettingComparison]int{}
	for _, m := range matches {
		compared := ComparedErrors{Label: a.configuration(m.First.Configuration), Errors: []ComparedError{}}
		for _, e := range m.Errors {
			compared.Errors = append(compared.Errors, newComparedError(e))
		}
		c.Configurations = append(c.Configurations, compared)
		for _, d := range differences(a, b, m) {
			if _, known := positions[d]; !known {
				positions[d] = len(c.Changed)
				c.Changed = append(c.Changed, ChangedSetting{SettingComparison: d})
			}
			c.Changed[positions[d]].Configurations++
		}
	}
	c.OnlyFirst, c.OnlySecond = a.labels(onlyFirst), b.labels(onlySecond)
	return c, nil
}

// differences returns how the identities of a configuration in two sweeps differ.
func differences(a, b *Stored, m table.Match) []SettingComparison {
	task := func(s *Stored, row table.Row) sweep.Task {
		p := s.app.prepared.Plan
		return p.Row(p.Grid().Row(row.ConfigurationIndex, 0))
	}
	all := taskDifferences(task(a, m.First), task(b, m.Second))
	if a.Sweep.Numerics != b.Sweep.Numerics {
		all = append(all, SettingComparison{"numerics", float64(a.Sweep.Numerics), float64(b.Sweep.Numerics)})
	}
	if a.Sweep.KernelClass != b.Sweep.KernelClass {
		all = append(all, SettingComparison{"kernel_class", a.Sweep.KernelClass, b.Sweep.KernelClass})
	}
	return all
}

func (s *Stored) compared() ComparedSweep {
	return ComparedSweep{string(s.app.folder), s.Sweep.Name, s.Sweep.Numerics, s.Sweep.KernelClass}
}

// configuration returns the label of a configuration without its replicate.
func (s *Stored) configuration(c sweep.Configuration) string {
	return c.LabelOfReplicates(s.app.prepared.Grid.Columns()...)
}

func (s *Stored) labels(rows []table.Row) []string {
	labels := []string{}
	for _, row := range rows {
		labels = append(labels, s.configuration(row.Configuration))
	}
	return labels
}

func newComparedError(e table.ErrorChange) ComparedError {
	defined := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	return ComparedError{
		Error: e.Error, Replicates: e.Pairs, First: defined(e.First), Second: defined(e.Second),
		Difference: defined(e.Difference), Low: defined(e.Low), High: defined(e.High),
		FirstFloor: defined(e.FirstFloor), SecondFloor: defined(e.SecondFloor),
	}
}
