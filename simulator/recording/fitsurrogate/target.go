package main

import (
	"math"

	"spiqsweep/simulator/recording"
)

// lags is the largest lag, in bins, whose moments are fitted.
const lags = 4

// target holds the moments of a recording that the parameters are fitted to.
type target struct {
	rate   []float64           // spikes per bin, by neuron
	signal [][]float64         // [c][d] mean over bins of the product of the neurons' rates at that bin
	total  [][]float64         // [c][d] share of bins in which both fire
	lagged [][1 + lags]float64 // [c][lag] share of pairs of bins in both of which the neuron fires; lag 0: signal
}

// measure returns the moments of the neurons. It estimates signal from pairs of
// distinct repeats, so that noise private to a repeat cancels.
func measure(r *recording.Recording, neurons []int) target {
	repeats, bins := r.Repeats(), r.Bins()
	words := make([][]uint32, len(neurons))
	counts := make([][]float64, len(neurons)) // by bin, over repeats
	for c, neuron := range neurons {
		words[c] = r.Raster([]int{neuron}).Words
		counts[c] = make([]float64, bins)
		for i, word := range words[c] {
			counts[c][i%bins] += float64(word)
		}
	}
	t := target{rate: make([]float64, len(neurons)), lagged: make([][1 + lags]float64, len(neurons))}
	all := float64(repeats * bins)
	for c := range neurons {
		t.rate[c] = sum(counts[c]) / all
		signal, total := make([]float64, len(neurons)), make([]float64, len(neurons))
		for d := range neurons {
			both := coincidences(words[c], words[d], bins, 0)
			total[d] = both / all
			signal[d] = (dot(counts[c], counts[d]) - both) / (all * float64(repeats-1))
		}
		t.signal, t.total = append(t.signal, signal), append(t.total, total)
		t.lagged[c][0] = signal[c]
		for lag := 1; lag <= lags; lag++ {
			t.lagged[c][lag] = coincidences(words[c], words[c], bins, lag) / float64(repeats*(bins-lag))
		}
	}
	return t
}

// covariance returns the moment of a pair minus the product of the rates.
func (t target) covariance(moment [][]float64, c, d int) float64 {
	return moment[c][d] - t.rate[c]*t.rate[d]
}

// scale returns the unit in which the misfit of a pair's covariance is measured.
// It lies between the product of the rates and its root, so that neither quiet
// nor active neurons dominate the fit.
func (t target) scale(c, d int) float64 { return math.Pow(t.rate[c]*t.rate[d], 0.75) }

// coincidences counts the bins of all repeats in which the first neuron fires
// and the second fires lag bins later.
func coincidences(a, b []uint32, bins, lag int) float64 {
	n := uint32(0)
	for start := 0; start < len(a); start += bins {
		for bin := start; bin < start+bins-lag; bin++ {
			n += a[bin] & b[bin+lag]
		}
	}
	return float64(n)
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func dot(x, y []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += v * y[i]
	}
	return s
}
