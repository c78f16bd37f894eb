package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/recording/internal/surrogate"
)

// rates of the surrogate's cells, spikes per bin.
func rates(cells []surrogate.Cell) []float64 {
	rates := make([]float64, len(cells))
	for c, cell := range cells {
		sd := math.Sqrt(cell.Private())
		for _, d := range cell.Drive(c) {
			rates[c] += phi((d-cell.Threshold)/sd) / surrogate.Bins
		}
	}
	return rates
}

// exactly returns what an endless recording of the cells would measure.
func exactly(cells []surrogate.Cell) (target, []response) {
	t := target{rate: rates(cells)}
	var responses []response
	for c, cell := range cells {
		responses = append(responses, respond(cell, c, t.rate[c]))
		t.lagged = append(t.lagged, responses[c].lagged)
	}
	slope := slopes(responses)
	for c := range cells {
		signal, total := make([]float64, len(cells)), make([]float64, len(cells))
		for d := range cells {
			signal[d] = dot(responses[c].rate, responses[d].rate) / surrogate.Bins
			total[d] = signal[d] + cells[c].Common*cells[d].Common*slope[c][d]
		}
		t.signal, t.total = append(t.signal, signal), append(t.total, total)
	}
	return t, responses
}

func TestRefitFindsACellAgain(t *testing.T) {
	target, responses := exactly(surrogate.Cells[:])
	const c = 15
	if truth := misfit(target, responses, c, responses[c]); truth > 1e-9 {
		t.Errorf("the law itself has the misfit %g", truth)
	}
	astray := responses[c].cell
	astray.Shared[0] -= 0.2
	astray.Own += 0.2
	astray.Memory = 0.5
	responses[c] = respond(astray, c, target.rate[c])
	before := misfit(target, responses, c, responses[c])
	cell, after, err := refit(target, responses, c)
	if err != nil {
		t.Fatal(err)
	}
	if after > before/100 || !admissible(cell) {
		t.Errorf("misfit %g before, %g after: %+v", before, after, cell)
	}
	if got := misfit(target, responses, c, respond(cell, c, target.rate[c])); math.Abs(got-after) > 1e-9 {
		t.Errorf("the cell's misfit is %g, reported was %g", got, after)
	}
}

func TestFitCommonFindsTheLoadings(t *testing.T) {
	cells := surrogate.Cells[14:] // their loadings lie within what the fit allows
	target, responses := exactly(cells)
	for c := range responses {
		responses[c].cell.Common = 0
	}
	fitCommon(target, responses)
	for c, want := range cells {
		if got := responses[c].cell.Common; math.Abs(got-want.Common) > 0.001 {
			t.Errorf("cell %d: %.4f, want %.2f", c, got, want.Common)
		}
	}
}

func TestFitLowersTheMisfit(t *testing.T) {
	target, _ := exactly(surrogate.Cells[10:14])
	var log bytes.Buffer
	cells, err := fit(target, 1, &log)
	if err != nil {
		t.Fatal(err)
	}
	before, after := 0.0, 0.0
	start := start(target)
	_, begun := exactly(start)
	_, ended := exactly(cells)
	for c := range cells {
		if !admissible(start[c]) || !admissible(cells[c]) {
			t.Errorf("cell %d is no law: %+v, then %+v", c, start[c], cells[c])
		}
		before += misfit(target, begun, c, respond(start[c], c, target.rate[c]))
		after += misfit(target, ended, c, respond(cells[c], c, target.rate[c]))
	}
	if after > before/4 {
		t.Errorf("misfit %g before, %g after", before, after)
	}
	if !strings.HasPrefix(log.String(), "sweep 1 of 1: misfit ") {
		t.Errorf("log %q", &log)
	}
}

func TestAdmissible(t *testing.T) {
	for _, c := range []surrogate.Cell{
		{Own: 0.95}, {Own: 0.9, Common: 0.5}, {Pole: 0.95}, {Pole: -0.1}, {Memory: 1.1}, {Memory: -1.1},
	} {
		if admissible(c) {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestRoundedKeepsTheRate(t *testing.T) {
	cell := surrogate.Cell{Shared: [surrogate.Drives]float64{0.5049, -0.3951, -0.001, 0}, Own: 0.4567, Pole: 0.7149, Common: 0.2449, Memory: -0.8751}
	got := rounded(cell, 3, 0.05)
	want := surrogate.Cell{Shared: [surrogate.Drives]float64{0.5, -0.4, 0, 0}, Own: 0.46, Pole: 0.71, Common: 0.24, Memory: -0.88, Threshold: got.Threshold}
	if got != want || math.Signbit(got.Shared[2]) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got.Threshold != round(got.Threshold, 1000) {
		t.Errorf("threshold %v has more than three decimals", got.Threshold)
	}
	sd, rate := math.Sqrt(got.Private()), 0.0
	for _, d := range got.Drive(3) {
		rate += phi((d-got.Threshold)/sd) / surrogate.Bins
	}
	if math.Abs(rate-0.05) > 1e-4 {
		t.Errorf("rate %v", rate)
	}
}

func TestWritePrintsTheFileInTheTree(t *testing.T) {
	var got bytes.Buffer
	if err := write(&got, surrogate.Cells[:]); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "internal", "surrogate", "cells.go"))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", &got, want)
	}
}

func TestChooseNamesEachCellOnce(t *testing.T) {
	r, err := recording.New("test", 1, 12, 12, func(_, neuron, bin int) bool { return bin < neuron })
	if err != nil {
		t.Fatal(err)
	}
	cells, err := choose(r)
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10}; err != nil || !slices.Equal(cells, want) {
		t.Errorf("%v, %v; want %v", cells, err, want)
	}
	few, err := recording.New("few", 1, 3, 1, func(int, int, int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := choose(few); err == nil {
		t.Error("three cells are enough for ten")
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	if err := run("absent.mat", nil, nil); err == nil || !strings.Contains(err.Error(), "absent.mat") {
		t.Errorf("error %v", err)
	}
}
