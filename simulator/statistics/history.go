package statistics

import "fmt"

// History measures how far a model in training is from the data: the
// Jensen–Shannon divergence of joint words, and nothing else. It keeps its work
// space, so it is not for use by several goroutines.
type History struct {
	data   []float64
	rule   *quadrature
	words  product
	states []float64
}

// NewHistory returns a history against the state distribution of real data of
// so many neurons and time steps. It fails if there is none (n·t > 16) or if
// the noise is malformed.
func NewHistory(data Statistics, neurons, timesteps int, n Noise) (*History, error) {
	s := shape{neurons, timesteps}
	if len(data.State) == 0 || len(data.State) != s.words() {
		return nil, fmt.Errorf("follow the divergence of %d neurons × %d time steps: data has %d joint words", neurons, timesteps, len(data.State))
	}
	points, err := n.points(timesteps)
	if err != nil {
		return nil, fmt.Errorf("follow the divergence: %w", err)
	}
	return &History{data.State, n.quadrature(s, points), newProduct(s), make([]float64, s.words())}, nil
}

// JSBits returns the divergence of the model, which has the shape of the data.
func (h *History) JSBits(p Patches) (float64, error) {
	clear(h.states)
	err := h.rule.average(p, func(weight float64, independent laws) {
		h.words.add(h.states, weight, independent)
	})
	if err != nil {
		return 0, fmt.Errorf("follow the divergence: %w", err)
	}
	return jensenShannon(h.states, h.data), nil
}
