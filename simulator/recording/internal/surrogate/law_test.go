package surrogate

import (
	"math"
	"testing"

	"spiqsweep/simulator/random"
)

func TestNeuronsHaveValidParameters(t *testing.T) {
	for number, c := range Neurons {
		if own := c.Private() - c.Common*c.Common; own < 0.09 {
			t.Errorf("neuron %d: its own private part has the variance %.3f", number, own)
		}
		if c.Pole < 0 || c.Pole > 0.9 || math.Abs(c.Memory) > 1 {
			t.Errorf("neuron %d: pole %v, memory %v", number, c.Pole, c.Memory)
		}
	}
}

func TestPrivateIsTheRemainingVariance(t *testing.T) {
	c := Neuron{Shared: [Drives]float64{0.5, -0.5, 0, 0.1}, Own: -0.2}
	if got := c.Private(); math.Abs(got-0.45) > 1e-15 {
		t.Errorf("private variance %v", got)
	}
}

func TestNormal(t *testing.T) {
	if want := 1 / math.Sqrt(48.0/4+1.0/12); perFlips != want {
		t.Errorf("perFlips is %v, want %v", perFlips, want)
	}
	const draws = 1 << 20
	g := random.Training{Seed: 1}.Stream("test").At(0, 0)
	var mean, variance float64
	thresholds := []float64{-2, -1, 0, 0.5, 1, 1.5, 2, 2.5, 3}
	above := make([]float64, len(thresholds))
	for range draws {
		x := normal(&g)
		mean += x / draws
		variance += x * x / draws
		for i, threshold := range thresholds {
			if x > threshold {
				above[i] += 1.0 / draws
			}
		}
	}
	if math.Abs(mean) > 0.004 || math.Abs(variance-1) > 0.006 {
		t.Errorf("mean %.4f, variance %.4f", mean, variance)
	}
	for i, threshold := range thresholds {
		want := math.Erfc(threshold/math.Sqrt2) / 2
		if sd := math.Sqrt(want * (1 - want) / draws); math.Abs(above[i]-want) > 4*sd+0.003 {
			t.Errorf("P(x > %v) = %.5f, a normal number's is %.5f", threshold, above[i], want)
		}
	}
}

func TestMovieAutocorrelation(t *testing.T) {
	for _, r := range []float64{0, 0.5, 0.8} {
		const series, lags = 400, 7
		var got [lags]float64
		for s := range uint64(series) {
			x := movie(1000+s, r)
			if len(x) != Bins {
				t.Fatalf("%d bins", len(x))
			}
			for lag := range got {
				for i := range Bins - lag {
					got[lag] += x[i] * x[i+lag] / float64(series*(Bins-lag))
				}
			}
		}
		for lag, c := range got {
			want := (1 + float64(lag)*(1-r*r)/(1+r*r)) * math.Pow(r, float64(lag))
			if math.Abs(c-want) > 0.03 {
				t.Errorf("pole %v, lag %d: %.3f, want %.3f", r, lag, c, want)
			}
		}
	}
}

// raster returns the repeats' bins of a neuron.
func raster(c Neuron, number int, seed uint64) [][Bins]bool {
	drive := c.Drive(number)
	bins := make([][Bins]bool, Repeats)
	for repeat := range bins {
		c.Spikes(number, drive, seed, repeat, func(bin int) { bins[repeat][bin] = true })
	}
	return bins
}

// together returns the share of bins in which a fires and b fires shift bins
// later, skip repeats further on.
func together(a, b [][Bins]bool, skip, shift int) float64 {
	n := 0
	for repeat := range a {
		other := &b[(repeat+skip)%len(b)]
		for bin := range Bins - shift {
			if a[repeat][bin] && other[bin+shift] {
				n++
			}
		}
	}
	return float64(n) / float64(len(a)*(Bins-shift))
}

// TestCorrelations uses neurons that fire in half of the bins. Two of them fire
// together with probability 1/4 + asin(ρ)/2π, where ρ is the correlation of their
// latents (Sheppard 1899).
func TestCorrelations(t *testing.T) {
	plain := Neuron{}
	refractory := Neuron{Memory: -1}
	bursting := Neuron{Memory: 0.5}
	coupled := Neuron{Common: math.Sqrt(0.5)}
	mirrored := Neuron{Common: -math.Sqrt(0.5)}
	tests := []struct {
		name        string
		a, b        Neuron
		other       int // number of b; a is 0
		skip, shift int
		rho         float64
	}{
		{"itself", plain, plain, 0, 0, 0, 1},
		{"another neuron", plain, plain, 1, 0, 0, 0},
		{"another repeat", plain, plain, 0, 1, 0, 0},
		{"the next bin", plain, plain, 0, 0, 1, 0},
		{"refractory, next bin", refractory, refractory, 0, 0, 1, -0.5},
		{"refractory, second bin", refractory, refractory, 0, 0, 2, 0},
		{"bursting, next bin", bursting, bursting, 0, 0, 1, 0.4},
		{"common noise", coupled, coupled, 1, 0, 0, 0.5},
		{"common noise of two signs", coupled, mirrored, 1, 0, 0, -0.5},
		{"common noise, another repeat", coupled, coupled, 1, 1, 0, 0},
		{"common noise, next bin", coupled, coupled, 1, 0, 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := together(raster(test.a, 0, 7), raster(test.b, test.other, 7), test.skip, test.shift)
			if want := 0.25 + math.Asin(test.rho)/(2*math.Pi); math.Abs(got-want) > 0.005 {
				t.Errorf("they fire together with the probability %.4f, want %.4f", got, want)
			}
		})
	}
}

func TestDrivesAreLockedToTheStimulus(t *testing.T) {
	own := Neuron{Own: math.Sqrt(0.5)}
	shared := Neuron{Shared: [Drives]float64{math.Sqrt(0.5)}}
	var ownRepeat, ownNeurons float64
	const neurons = 30 // each has its own series
	for number := range neurons {
		a := raster(own, number, 3)
		ownRepeat += together(a, a, 1, 0) / neurons
		ownNeurons += together(a, raster(own, number+1, 3), 0, 0) / neurons
	}
	if math.Abs(ownRepeat-1.0/3) > 0.01 || math.Abs(ownNeurons-0.25) > 0.01 {
		t.Errorf("own drive: repeats agree with probability %.4f (want 1/3), neurons with %.4f (want 1/4)", ownRepeat, ownNeurons)
	}
	a, b := raster(shared, 0, 3), raster(shared, 1, 3)
	if repeats, neurons := together(a, a, 1, 0), together(a, b, 0, 0); math.Abs(repeats-neurons) > 0.005 || repeats < 0.3 {
		t.Errorf("shared drive: repeats agree with probability %.4f, neurons with %.4f", repeats, neurons)
	}
}

func TestSeedsVaryTheRepeats(t *testing.T) {
	a, b := raster(Neurons[0], 0, 1), raster(Neurons[0], 0, 2)
	if same := together(a, b, 0, 0); math.Abs(same-together(a, a, 1, 0)) > 0.002 {
		t.Errorf("seeds agree with probability %.4f, repeats of one seed with %.4f", same, together(a, a, 1, 0))
	}
}
