package gan

import "spiqsweep/simulator/circuit"

// reinforce keeps of the local weights only that of the drawn outcome, less
// that of the silent one, over the drawn outcome's probability.
type reinforce struct {
	*local
	law []float32 // [word][lane]
}

func newReinforce(s Settings, m *sampler, w *network, k *kTerm) *reinforce {
	return &reinforce{newLocal(s, m, w, k), make([]float32, s.Ansatz.Words()*lanes)}
}

func (e *reinforce) weigh(tile circuit.Tile, b *batch, block, step int, weights []float32) {
	e.local.weigh(tile, b, block, step, weights)
	tile.Probabilities(e.law)
	var gain laneRow
	for l := range b.used(block) {
		drawn := e.drawn(b, block, step, l)
		// An outcome that the law's rounding left without probability was drawn
		// only because the running sum ended below the uniform number.
		if p := e.law[drawn]; p > 0 {
			gain[l] = (weights[drawn] - weights[l]) / p
		}
	}
	clear(weights)
	for l := range b.used(block) {
		weights[e.drawn(b, block, step, l)] = gain[l]
	}
}

// drawn is where the drawn word of a lane stands in [word][lane].
func (e *reinforce) drawn(b *batch, block, step, lane int) int {
	return int(b.words[(block*lanes+lane)*e.steps+step])*lanes + lane
}
