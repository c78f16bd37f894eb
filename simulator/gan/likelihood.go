package gan

import "spiqsweep/simulator/circuit"

// likelihood weighs the outcomes for the gradient of −Σ_w c_w·ln p(w), with the
// windows w and their shares c_w. With r_j(w), the share of node j in p(w),
//
//	∂ ln p(w) = Σ_s Σ_j r_j(w) · ∂p_s(w_s | γ_j) / p_s(w_s | γ_j)
//
// so that the weight of outcome x of patch s at node j is −Σ_{w: w_s = x} c_w·r_j(w),
// divided by p_s(x | γ_j).
type likelihood struct {
	*mixture
	shares []float64   // [window], c_w
	pulls  [][]float64 // [step], each [slot][node]: Σ c_w·r_j(w)
	loss   float64     // nats per window, of the last batch
	batch  bool        // whether the windows are drawn for every update
}

// newLikelihood returns an estimator for all windows where their joint words can be
// listed, otherwise for batches of them.
func newLikelihood(s Settings, m *sampler, real Windows) (*likelihood, error) {
	e := &likelihood{batch: !s.listsWords()}
	var words []uint32
	var err error
	if e.batch {
		e.shares = make([]float64, s.BatchSize)
		for i := range e.shares {
			e.shares[i] = 1 / float64(s.BatchSize)
		}
	} else if words, e.shares, err = s.wordShares(real); err != nil {
		return nil, err
	}
	if e.mixture, err = newMixture(m, len(e.shares)); err != nil {
		return nil, err
	}
	for _, laws := range e.laws {
		e.pulls = append(e.pulls, make([]float64, len(laws)))
	}
	if !e.batch {
		e.set(words)
	}
	return e, nil
}

func (e *likelihood) begin(real []uint32) {
	if e.batch {
		e.set(real)
	}
}

func (e *likelihood) prepare(*batch) {
	for step, words := range e.words {
		clear(e.pulls[step][:len(words)*len(e.weight)])
	}
	e.loss = 0
	for w, share := range e.shares {
		if !e.independent {
			e.loss -= share * e.joint(w).logarithm()
		}
		for step := range e.timesteps {
			if e.independent {
				e.loss -= share * e.marginal(w, step).logarithm()
			}
			pull := e.pulls[step][e.slot(w, step)*len(e.weight):][:len(e.weight)]
			for j, r := range e.product {
				pull[j] += share * r
			}
		}
	}
}

// evaluate returns the objective at the sampler's angles.
func (e *likelihood) evaluate(m *sampler, tile circuit.Tile) float64 {
	e.run(m, tile)
	e.prepare(e.nodes)
	return e.loss
}

func (e *likelihood) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	clear(weights)
	used := b.used(block)
	for slot, word := range e.words[step] {
		at := slot*len(e.weight) + block*lanes
		pull, law := e.pulls[step][at:][:used], e.laws[step][at:][:used]
		to := weights[int(word)*lanes:][:used]
		for l, r := range pull {
			to[l] = float32(-r / float64(law[l]))
		}
	}
}
