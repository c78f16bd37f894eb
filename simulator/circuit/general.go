package circuit

// generalTile is the general engine's Tile: it runs Exact for each lane. It supports
// every ansatz and is about a hundred times slower than the fast engine.
type generalTile struct {
	ansatz  Ansatz
	lanes   [Lanes]*Exact
	noise   [Lanes][]float64
	law     []float64
	weights []float64
}

func newGeneralTile(a Ansatz) *generalTile {
	t := &generalTile{ansatz: a, law: make([]float64, a.Words()), weights: make([]float64, a.Words())}
	for i := range t.lanes {
		t.lanes[i] = a.NewExact()
		t.noise[i] = make([]float64, a.NoiseRows())
	}
	return t
}

// Forward implements Tile.
func (t *generalTile) Forward(p *Patch, noise []float32) {
	for i, e := range t.lanes {
		for r := range t.noise[i] {
			t.noise[i][r] = float64(noise[r*Lanes+i])
		}
		e.run(p.angles, t.noise[i])
	}
}

// Probabilities implements Tile.
func (t *generalTile) Probabilities(dst []float32) {
	for i, e := range t.lanes {
		e.law(t.law)
		for x, p := range t.law {
			dst[x*Lanes+i] = float32(p)
		}
	}
}

// Sample implements Tile; the fixed order is that of the words.
func (t *generalTile) Sample(uniform *[Lanes]float32, words *[Lanes]uint32) {
	for i, e := range t.lanes {
		e.law(t.law)
		words[i] = draw(t.law, float64(uniform[i]))
	}
}

// draw returns the first index at which the running sum of the law exceeds u. If
// rounding keeps the sum below u, it returns the last index with a probability
// above 0.
func draw(law []float64, u float64) uint32 {
	sum, last := 0.0, 0
	for x, p := range law {
		if p == 0 {
			continue
		}
		last = x
		if sum += p; sum > u {
			break
		}
	}
	return uint32(last)
}

// Backward implements Tile.
func (t *generalTile) Backward(p *Patch, weights []float32, gradient []float64) {
	for i, e := range t.lanes {
		for x := range t.weights {
			t.weights[x] = float64(weights[x*Lanes+i])
		}
		e.backward(gradient, p.angles, t.noise[i], t.weights)
	}
}
