package runner

import (
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// generated is the random purpose of the windows that a trained model generates.
const generated random.Purpose = "generated windows"

// model adapts a generator to package statistics: as patches that depend on one γ,
// or as a source of generated windows.
type model struct {
	*gan.Model
	windows random.Stream
	count   int       // number of windows for sampled statistics
	rows    []float64 // of noise
	tile    []float32 // rows of noise, each for the lanes of a tile

	// keepGoing is called regularly while the model is evaluated. Once it returns
	// false, the model's results are invalid and must not be used.
	keepGoing func() bool
}

// newModel returns a model whose angles are all 0.
func newModel(c sweep.Configuration, g gan.Generator) (*model, error) {
	m, err := gan.NewModel(g, make([]float64, g.Parameters()))
	if err != nil {
		return nil, err
	}
	return &model{
		Model:     m,
		windows:   addressOf(c).Stream(generated),
		count:     c.Evaluation.Samples,
		rows:      make([]float64, g.Ansatz.NoiseRows()),
		tile:      make([]float32, g.Ansatz.NoiseRows()*circuit.Lanes),
		keepGoing: func() bool { return true },
	}, nil
}

// Probabilities fills dst with the probabilities of the words of a time step if
// all noise is γ, in radians.
func (m *model) Probabilities(step int, gamma float64, dst []float64) {
	if !m.keepGoing() {
		clear(dst) // probabilities that add up to 0 make the caller fail
		return
	}
	for i := range m.rows {
		m.rows[i] = gamma
	}
	m.Model.Probabilities(step, m.rows, dst)
}

// Laws fills dst[word][lane] with the probabilities of the words of a time step if
// all noise of a lane is its γ, in radians, with the accuracy of the fast kernel.
func (m *model) Laws(step int, gamma *[statistics.Lanes]float32, dst []float32) {
	for at := 0; at < len(m.tile); at += circuit.Lanes {
		copy(m.tile[at:], gamma[:])
	}
	m.Model.Laws(step, m.tile, dst)
}

// sampled returns the statistics of generated windows. Every call uses the same
// draws.
func (m *model) sampled() statistics.Statistics {
	return statistics.OfWindows(statistics.NewSampleWindows(m.Neurons(), m.Timesteps(), m.generate(m.count)))
}

// generatedPerCheck is the number of windows generated between calls of keepGoing.
const generatedPerCheck = 256

// generate returns windows[sample][time]. A smaller count gives a prefix of a
// larger one.
func (m *model) generate(count int) [][]uint32 {
	var windows [][]uint32
	for len(windows) < count && m.keepGoing() {
		part := m.windows.From(uint64(len(windows)))
		windows = append(windows, m.Sample(part, min(generatedPerCheck, count-len(windows)))...)
	}
	return windows
}
