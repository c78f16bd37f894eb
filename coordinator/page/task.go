package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
)

// taskPage is what the page of a task shows.
type taskPage struct {
	Sweep          queue.Sweep
	Task           sweep.TaskID
	Label          string
	State          string // as sentences name it
	Reason         string
	Digest         string // of the accepted result; "" without one
	Previous, Next *neighbour
	Running        []runningAttempt
	Errors         []errorRow
	Likelihood     *sweep.Likelihood
	Heldout        bool // Errors have those against data that training never saw
	Panels         []figure.Panel
	Fault          string // why there are no errors and panels of an accepted result
	Changed, Usual []settingValue
	Recording      string // digest
	Attempts       []attemptRow
	Earlier        int // attempts before those
	Repro, Why     string
}

// neighbour is a link to another replicate.
type neighbour struct {
	Task      sweep.TaskID
	Replicate int
}

// settingValue is a setting as a grid file has it.
type settingValue struct{ Name, Value, Default, Doc string }

// errorRow is an error of a finished task.
type errorRow struct {
	Name                string
	Value, Floor, Ratio string
	Low, High           string // of the 95 % interval; "" without one
	Heldout             string
}

// runningAttempt is a lease of a task.
type runningAttempt struct {
	Attempt     uint64
	Host        string
	Step, Steps uint64
	PerSecond   string // "" before the first report
	Left        string
}

// attemptRow is an attempt.
type attemptRow struct {
	queue.Attempt
	Ended     string // the outcome, for people
	Took      string
	Processor string // the beginning of the ID of its process
}

// showTask shows one task of a sweep.
func (p *Page) showTask(w http.ResponseWriter, r *http.Request) error {
	// The version is not newer than what is read after it.
	now, err := p.event(r.Context(), url.Values{"sweep": {r.PathValue("sweep")}, "steps": {"1"}})
	if err != nil {
		return err
	}
	look, err := p.look(r)
	if err != nil {
		return err
	}
	shown := taskPage{
		Sweep: look.Sweep, Task: look.ID,
		State: stateText(look), Reason: look.Reason, Digest: look.Accepted,
		Running: liveAttempts(look), Recording: look.Recording, Earlier: look.Earlier,
	}
	s, c, err := p.configurationOf(r.Context(), look)
	if err != nil {
		return err
	}
	shown.Label = c.Label(s.settings...)
	if shown.Previous, shown.Next, err = p.neighbours(r.Context(), look); err != nil {
		return err
	}
	shown.Changed, shown.Usual = settingValues(look.Configuration)
	for _, a := range slices.Backward(look.Attempts) {
		shown.Attempts = append(shown.Attempts, newAttemptRow(a, look.AsOf))
	}
	if look.Accepted != "" {
		drawn, err := p.training(r.Context(), look)
		switch {
		case err == nil:
			shown.Errors, shown.Heldout, shown.Likelihood = errorRows(drawn.measures), len(drawn.measures.HeldoutErrors) > 0, drawn.measures.Likelihood
			shown.Panels = drawn.panels
		case errors.Is(err, queue.ErrUnavailable), r.Context().Err() != nil:
			return err
		default:
			shown.Fault = err.Error()
		}
	}
	out := "FOLDER" // that of another coordinator
	if folder := p.Folders[look.Sweep.ID]; folder != "" {
		out = quoted(folder)
	}
	shown.Repro = fmt.Sprintf("coordinator repro %s --out %s", shown.Task, out)
	shown.Why = fmt.Sprintf("coordinator why %s --out %s", shown.Task, out)
	return p.render(w, r, "task", view{Events: eventsOf(look.Sweep.ID, true), Version: now.Version, Data: shown})
}

// configurationOf returns the configuration of a task, and the rows of its sweep. They have the
// settings that no task stores.
func (p *Page) configurationOf(ctx context.Context, look queue.Look) (*snapshot, sweep.Configuration, error) {
	s, _, err := p.snapshot(ctx, look.Sweep.ID)
	if err != nil {
		return nil, sweep.Configuration{}, err
	}
	if row, found := s.find(look.ID); found {
		return s, s.of(row), nil
	}
	return s, look.Configuration, nil
}

// settingValues returns the settings that decide the numbers of a task: those that differ
// from their defaults, and the others.
func settingValues(c sweep.Configuration) (changed, usual []settingValue) {
	for _, s := range sweep.IdentitySettings(c) {
		v := settingValue{s.Name, sweep.Format(s.Value(c)), sweep.Format(s.Default), s.Doc}
		if sweep.IdentityValue(s, c) == s.Default {
			usual = append(usual, v)
		} else {
			changed = append(changed, v)
		}
	}
	return changed, usual
}

// look reads the task that a request names.
func (p *Page) look(r *http.Request) (queue.Look, error) {
	id, task := r.PathValue("sweep"), sweep.TaskID(r.PathValue("task"))
	look, err := p.Queue.Look(r.Context(), id, task)
	if errors.Is(err, queue.ErrUnknown) {
		return look, notFound("no task here has the ID %.80q: the sweep may have been deleted, or planned again without it", string(task))
	}
	return look, err
}

// neighbours returns the replicates before and after a task that its sweep has.
func (p *Page) neighbours(ctx context.Context, look queue.Look) (previous, next *neighbour, err error) {
	find := func(replicate int) (*neighbour, error) {
		c := look.Configuration
		c.Replicate = replicate
		if replicate < 0 || c.IsFitted() {
			return nil, nil
		}
		id := sweep.NewTaskID(c, look.Recording, look.Sweep.Numerics, look.Sweep.KernelClass)
		_, err := p.Queue.Look(ctx, look.Sweep.ID, id)
		if errors.Is(err, queue.ErrUnknown) {
			return nil, nil
		}
		return &neighbour{id, replicate}, err
	}
	if previous, err = find(look.Configuration.Replicate - 1); err != nil {
		return nil, nil, err
	}
	next, err = find(look.Configuration.Replicate + 1)
	return previous, next, err
}

// stateText returns the state of a task for people.
func stateText(l queue.Look) string {
	switch {
	case l.Verifying:
		return "done, and being verified"
	case l.Phase == queue.Leased:
		return leased.String()
	case l.Phase == queue.BackingOff:
		return "pending, after a failed attempt"
	default:
		return string(l.State())
	}
}

// liveAttempts returns the live attempts at a task.
func liveAttempts(l queue.Look) (all []runningAttempt) {
	for _, a := range l.Attempts {
		if a.Outcome != queue.Live {
			continue
		}
		perSecond, left := pace(a, uint64(l.Configuration.Training.Steps), l.AsOf)
		all = append(all, runningAttempt{
			Attempt: a.Attempt, Host: a.Host, Step: a.Step, Steps: uint64(l.Configuration.Training.Steps), PerSecond: perSecond, Left: left,
		})
	}
	return all
}

// pace returns the speed of a live attempt since its grant, in steps per second, and the
// time left at that speed; "" before its first report.
func pace(a queue.Attempt, steps uint64, now time.Time) (perSecond, left string) {
	speed := stepsPerSecond(a, now)
	if speed == 0 {
		return "", ""
	}
	remaining := float64(steps-min(a.Step, steps)) / speed
	return formatNumber(speed), formatDuration(time.Duration(remaining * float64(time.Second)))
}

// stepsPerSecond returns the mean speed of a live attempt since its grant, 0 before its
// first report.
func stepsPerSecond(a queue.Attempt, now time.Time) float64 {
	seconds := now.Sub(a.GrantedAt).Seconds()
	if a.Step <= a.From || seconds <= 0 {
		return 0
	}
	return float64(a.Step-a.From) / seconds
}

// outcomeTexts are the outcomes of attempts for people.
var outcomeTexts = map[queue.Outcome]string{
	queue.Live: "running", queue.Accepted: "accepted", queue.Late: "late: its result came after the next attempt began",
	queue.AttemptFailed: "failed", queue.Lost: "lost with its worker", queue.HandedBack: "handed back",
	queue.Withdrawn: "withdrawn", queue.Cancelled: "cancelled", queue.Verified: "verified: the same result", queue.Differed: "differed from the accepted result",
}

func newAttemptRow(a queue.Attempt, now time.Time) attemptRow {
	end := a.EndedAt
	if a.Outcome == queue.Live {
		end = now
	}
	return attemptRow{
		Attempt: a, Ended: outcomeTexts[a.Outcome], Took: formatDuration(end.Sub(a.GrantedAt)),
		Processor: a.Process[:min(len(a.Process), shownID)],
	}
}

// shownID is the number of characters of a process ID that readers see: enough to tell
// processes apart, too few to impersonate one.
const shownID = 12

// errorRows returns the errors in the order of the tables.
func errorRows(m sweep.Measures) (rows []errorRow) {
	for _, name := range sweep.ErrorNames {
		value, known := m.Errors[name]
		if !known {
			continue
		}
		row := errorRow{Name: sweep.ErrorColumn(name), Value: formatNumber(value)}
		if floor, known := m.Floors[name]; known {
			row.Floor = formatNumber(floor)
			if floor > 0 {
				row.Ratio = formatNumber(value / floor)
			}
		}
		if interval, known := m.ErrorIntervals[name]; known {
			row.Low, row.High = formatNumber(interval[0]), formatNumber(interval[1])
		}
		if heldout, known := m.HeldoutErrors[name]; known {
			row.Heldout = formatNumber(heldout)
		}
		rows = append(rows, row)
	}
	return rows
}

// quoted returns a text as one word of a shell.
func quoted(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%", r)
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
