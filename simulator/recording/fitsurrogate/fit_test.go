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

// rates returns the rates of the neurons, in spikes per bin.
func rates(neurons []surrogate.Neuron) []float64 {
	rates := make([]float64, len(neurons))
	for c, neuron := range neurons {
		sd := math.Sqrt(neuron.Private())
		for _, d := range neuron.Drive(c) {
			rates[c] += phi((d-neuron.Threshold)/sd) / surrogate.Bins
		}
	}
	return rates
}

// exactly returns the moments of an infinite recording of the neurons.
func exactly(neurons []surrogate.Neuron) (target, []response) {
	t := target{rate: rates(neurons)}
	var responses []response
	for c, neuron := range neurons {
		responses = append(responses, respond(neuron, c, t.rate[c]))
		t.lagged = append(t.lagged, responses[c].lagged)
	}
	slope := slopes(responses)
	for c := range neurons {
		signal, total := make([]float64, len(neurons)), make([]float64, len(neurons))
		for d := range neurons {
			signal[d] = dot(responses[c].rate, responses[d].rate) / surrogate.Bins
			total[d] = signal[d] + neurons[c].Common*neurons[d].Common*slope[c][d]
		}
		t.signal, t.total = append(t.signal, signal), append(t.total, total)
	}
	return t, responses
}

func TestRefitRecoversANeuron(t *testing.T) {
	target, responses := exactly(surrogate.Neurons[:])
	const c = 15
	if truth := misfit(target, responses, c, responses[c]); truth > 1e-9 {
		t.Errorf("the true parameters have misfit %g", truth)
	}
	astray := responses[c].neuron
	astray.Shared[0] -= 0.2
	astray.Own += 0.2
	astray.Memory = 0.5
	responses[c] = respond(astray, c, target.rate[c])
	before := misfit(target, responses, c, responses[c])
	neuron, after, err := refit(target, responses, c)
	if err != nil {
		t.Fatal(err)
	}
	if after > before/100 || !admissible(neuron) {
		t.Errorf("misfit %g before, %g after: %+v", before, after, neuron)
	}
	if got := misfit(target, responses, c, respond(neuron, c, target.rate[c])); math.Abs(got-after) > 1e-9 {
		t.Errorf("misfit is %g, refit returned %g", got, after)
	}
}

func TestFitCommonRecoversTheLoadings(t *testing.T) {
	neurons := surrogate.Neurons[14:] // their loadings lie within the bounds of the fit
	target, responses := exactly(neurons)
	for c := range responses {
		responses[c].neuron.Common = 0
	}
	fitCommon(target, responses)
	for c, want := range neurons {
		if got := responses[c].neuron.Common; math.Abs(got-want.Common) > 0.001 {
			t.Errorf("neuron %d: %.4f, want %.2f", c, got, want.Common)
		}
	}
}

func TestFitLowersTheMisfit(t *testing.T) {
	target, _ := exactly(surrogate.Neurons[10:14])
	var log bytes.Buffer
	neurons, err := fit(target, 1, &log)
	if err != nil {
		t.Fatal(err)
	}
	before, after := 0.0, 0.0
	start := start(target)
	_, begun := exactly(start)
	_, ended := exactly(neurons)
	for c := range neurons {
		if !admissible(start[c]) || !admissible(neurons[c]) {
			t.Errorf("neuron %d is not admissible: %+v before, %+v after", c, start[c], neurons[c])
		}
		before += misfit(target, begun, c, respond(start[c], c, target.rate[c]))
		after += misfit(target, ended, c, respond(neurons[c], c, target.rate[c]))
	}
	if after > before/4 {
		t.Errorf("misfit %g before, %g after", before, after)
	}
	if !strings.HasPrefix(log.String(), "sweep 1 of 1: misfit ") {
		t.Errorf("log %q", &log)
	}
}

func TestAdmissible(t *testing.T) {
	for _, c := range []surrogate.Neuron{
		{Own: 0.95}, {Own: 0.9, Common: 0.5}, {Pole: 0.95}, {Pole: -0.1}, {Memory: 1.1}, {Memory: -1.1},
	} {
		if admissible(c) {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestRoundedKeepsTheRate(t *testing.T) {
	neuron := surrogate.Neuron{Shared: [surrogate.Drives]float64{0.5049, -0.3951, -0.001, 0}, Own: 0.4567, Pole: 0.7149, Common: 0.2449, Memory: -0.8751}
	got := rounded(neuron, 3, 0.05)
	want := surrogate.Neuron{Shared: [surrogate.Drives]float64{0.5, -0.4, 0, 0}, Own: 0.46, Pole: 0.71, Common: 0.24, Memory: -0.88, Threshold: got.Threshold}
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

func TestWriteReproducesTheCommittedFile(t *testing.T) {
	var got bytes.Buffer
	if err := write(&got, surrogate.Neurons[:]); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "internal", "surrogate", "neurons.go"))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", &got, want)
	}
}

func TestChooseListsEachNeuronOnce(t *testing.T) {
	r, err := recording.New("test", 1, 12, 12, func(_, neuron, bin int) bool { return bin < neuron })
	if err != nil {
		t.Fatal(err)
	}
	neurons, err := choose(r)
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10}; err != nil || !slices.Equal(neurons, want) {
		t.Errorf("%v, %v; want %v", neurons, err, want)
	}
	few, err := recording.New("few", 1, 3, 1, func(int, int, int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := choose(few); err == nil {
		t.Error("no error for a recording of three neurons")
	}
}

func TestRunNamesTheMissingFile(t *testing.T) {
	if err := run("absent.mat", nil, nil); err == nil || !strings.Contains(err.Error(), "absent.mat") {
		t.Errorf("error %v", err)
	}
}
