package runner

import (
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// generated is the purpose of the windows that a trained model generates.
const generated random.Purpose = "generated windows"

// model is a generator as the statistics see it: patches that depend on one γ,
// or a source of windows.
type model struct {
	*gan.Model
	windows random.Stream
	count   int       // windows that sampled statistics are made of
	rows    []float64 // of noise
	tile    []float32 // rows of noise, each for the lanes of a tile

	// goOn is asked now and then while the model is measured. Once it says no,
	// what the model returns is not to be used.
	goOn func() bool
}

// newModel returns a model whose angles are all 0.
func newModel(c sweep.Configuration, g gan.Generator) (*model, error) {
	m, err := gan.NewModel(g, make([]float64, g.Parameters()))
	if err != nil {
		return nil, err
	}
	return &model{
		Model:   m,
		windows: addressOf(c).Stream(generated),
		count:   c.Evaluation.Samples,
		rows:    make([]float64, g.Ansatz.NoiseRows()),
		tile:    make([]float32, g.Ansatz.NoiseRows()*circuit.Lanes),
		goOn:    func() bool { return true },
	}, nil
}

// Probabilities is the law of a time step's word where all noise is γ.
func (m *model) Probabilities(step int, gamma float64, dst []float64) {
	if !m.goOn() {
		clear(dst) // no law: whoever asked gives up
		return
	}
	for i := range m.rows {
		m.rows[i] = gamma
	}
	m.Model.Probabilities(step, m.rows, dst)
}

// Laws are the laws of a time step's word where all noise of a lane is its γ, to
// the accuracy of the fast kernel.
func (m *model) Laws(step int, gamma *[statistics.Lanes]float32, dst []float32) {
	for at := 0; at < len(m.tile); at += circuit.Lanes {
		copy(m.tile[at:], gamma[:])
	}
	m.Model.Laws(step, m.tile, dst)
}

// sampled returns the statistics of generated windows, the same draws at each call.
func (m *model) sampled() statistics.Statistics {
	return statistics.OfWindows(statistics.NewSampleWindows(m.Neurons(), m.Timesteps(), m.generate(m.count)))
}

// generatedAtOnce is how many windows are generated between two looks at goOn.
const generatedAtOnce = 256

// generate returns windows[sample][time], the first ones of an endless list.
func (m *model) generate(count int) [][]uint32 {
	var windows [][]uint32
	for len(windows) < count && m.goOn() {
		part := m.windows.From(uint64(len(windows)))
		windows = append(windows, m.Sample(part, min(generatedAtOnce, count-len(windows)))...)
	}
	return windows
}
