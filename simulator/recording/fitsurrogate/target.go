package main

import (
	"math"

	"spiqsweep/simulator/recording"
)

// lags is the largest lag, in bins, whose moments are fitted.
const lags = 4

// target holds the moments of a recording's cells that the law is fitted to.
type target struct {
	rate   []float64           // spikes per bin, by cell
	signal [][]float64         // [c][d] mean over bins of the product of the cells' rates at that bin
	total  [][]float64         // [c][d] share of bins in which both fire
	lagged [][1 + lags]float64 // [c][lag] share of pairs of bins in both of which the cell fires; lag 0: signal
}

// measure takes the moments of the cells. Those of signal come from pairs of
// distinct repeats, so that what is private to a repeat cancels.
func measure(r *recording.Recording, cells []int) target {
	repeats, bins := r.Repeats(), r.Bins()
	words := make([][]uint32, len(cells))
	counts := make([][]float64, len(cells)) // by bin, over repeats
	for c, cell := range cells {
		words[c] = r.Raster([]int{cell}).Words
		counts[c] = make([]float64, bins)
		for i, word := range words[c] {
			counts[c][i%bins] += float64(word)
		}
	}
	t := target{rate: make([]float64, len(cells)), lagged: make([][1 + lags]float64, len(cells))}
	all := float64(repeats * bins)
	for c := range cells {
		t.rate[c] = sum(counts[c]) / all
		signal, total := make([]float64, len(cells)), make([]float64, len(cells))
		for d := range cells {
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

// covariance is the moment of a pair less the product of the rates.
func (t target) covariance(moment [][]float64, c, d int) float64 {
	return moment[c][d] - t.rate[c]*t.rate[d]
}

// scale is the size of a pair's covariance, by which its misfit is measured:
// between the product of the rates and its root, so that neither the quiet nor
// the active cells alone decide.
func (t target) scale(c, d int) float64 { return math.Pow(t.rate[c]*t.rate[d], 0.75) }

// coincidences counts the bins of all repeats in which the first cell fires
// and the second does so lag bins later.
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
