package main

import (
	"math"
	"testing"

	"spiqsweep/simulator/recording"
)

func TestMeasure(t *testing.T) {
	// Neuron 0 fires in the even bins of every repeat: all signal. Neuron 1 fires
	// in every second bin of a repeat, in turn: two of four repeats at a time.
	r, err := recording.New("test", 4, 2, 100, func(repeat, neuron, bin int) bool {
		return (bin+neuron*repeat)%2 == 0
	})
	if err != nil {
		t.Fatal(err)
	}
	m := measure(r, []int{0, 1})
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"rate 0", m.rate[0], 0.5},
		{"rate 1", m.rate[1], 0.5},
		{"signal 0, 0", m.signal[0][0], 0.5},
		{"total 0, 0", m.total[0][0], 0.5},
		{"signal 1, 1", m.signal[1][1], 1.0 / 6},
		{"total 1, 1", m.total[1][1], 0.5},
		{"signal 0, 1", m.signal[0][1], 0.25},
		{"total 1, 0", m.total[1][0], 0.25},
		{"covariance 1, 1", m.covariance(m.signal, 1, 1), 1.0/6 - 0.25},
		{"lag 0", m.lagged[1][0], 1.0 / 6},
		{"lag 1", m.lagged[1][1], 0},
		{"lag 2", m.lagged[1][2], 0.5},
		{"lag 3", m.lagged[1][3], 0},
		{"scale", m.scale(0, 1), math.Pow(0.25, 0.75)},
	} {
		if math.Abs(test.got-test.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
}
