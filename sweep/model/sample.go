package model

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
	"spiqsweep/sweep"
	"spiqsweep/sweep/npz"
	"spiqsweep/sweep/table"
)

// A Sampler draws windows from the model of a stored result. The law is exact, in float64
// arithmetic whose bits depend on no processor, kernel or level of compilation, so equal
// results give equal windows on every machine.
//
// Window w is drawn by the generator at step w of the stream of the training (seed of the
// sampling, neurons, timesteps, replicate) with the purpose "sampled windows of task ID".
// A smaller number of windows is therefore a prefix of a larger one. The generator's
// numbers are used in this order: the noise angles of a patch, in the order of its rows
// (once, or for each step with noise_per_patch; one for all qubits unless noise is per
// qubit), and for each step one number that the cumulative law is inverted by. For the
// model "independent" they are one number for each neuron of each step.
type Sampler struct {
	row       table.Row
	seed      uint64
	stream    random.Stream
	ansatz    circuit.Ansatz // of a trained generator
	laws      []*circuit.Law // by step; nil for a fitted model
	rates     []float64      // of the model "independent"
	until     []float64      // sums of the law or of the weights of words, up to each word
	weights   []float64      // of the words
	noiseRows int
}

// NewSampler returns a Sampler of the model with the angles or parameters of a result. It
// fails for models whose result keeps no law: psth, markov and time_independent.
func NewSampler(row table.Row, result sweep.Result, seed uint64) (*Sampler, error) {
	c := row.Configuration
	s := &Sampler{row: row, seed: seed}
	s.stream = random.Training{Seed: seed, Neurons: c.Neurons, Timesteps: c.Timesteps, Replicate: c.Replicate}.
		Stream(random.Purpose("sampled windows of task " + string(row.Task)))
	if c.IsFitted() {
		if len(result.Parameters) == 0 {
			return nil, fmt.Errorf("sample task %s: the result of the model %s keeps no law to draw from, since its law follows from counts of the recording: "+
				"choose another model", row.Task, c.Model)
		}
		s.rates, s.weights = result.Parameters["rates"], result.Parameters["law"]
		s.until = make([]float64, len(s.weights))
		s.accumulate()
		return s, nil
	}
	if len(result.Angles) != c.Timesteps {
		return nil, fmt.Errorf("sample task %s: the result has angles of %d time steps: must be %d", row.Task, len(result.Angles), c.Timesteps)
	}
	s.ansatz = ansatzOf(c)
	if err := s.ansatz.Validate(); err != nil {
		return nil, fmt.Errorf("sample task %s: %w", row.Task, err)
	}
	for _, patch := range result.Angles {
		s.laws = append(s.laws, s.ansatz.NewLaw(flat(patch)))
	}
	s.weights, s.until = make([]float64, s.ansatz.Words()), make([]float64, s.ansatz.Words())
	s.noiseRows = s.ansatz.NoiseRows()
	return s, nil
}

// sampledTogether is the largest number of windows that are drawn step by step together, so
// that the law of a step is prepared once for all of them, and sampledWords bounds the words
// of their laws: about a second.
const (
	sampledTogether = 256
	sampledWords    = 1 << 22
)

// Windows returns windows first, …, first + count − 1 as windows[window][step]; bit q of a
// word is neuron q. It fails if the readout of the circuit keeps no outcome.
func (s *Sampler) Windows(first, count int) ([][]uint32, error) {
	steps := s.row.Configuration.Timesteps
	windows, generators := make([][]uint32, count), make([]random.Generator, count)
	noise := make([][]float64, count)
	for w := range windows {
		windows[w] = make([]uint32, steps)
		generators[w] = s.stream.At(uint64(first+w), 0)
		noise[w] = make([]float64, s.noiseRows)
	}
	for step := range steps {
		for w := range windows {
			if step == 0 || s.row.Configuration.Circuit.NoisePerPatch {
				s.drawNoise(noise[w], &generators[w])
			}
			if s.laws != nil && (w == 0 || s.noiseRows > 0) {
				s.laws[step].Weights(s.weights, noise[w])
				s.accumulate()
			}
			if s.rates == nil && !(s.until[len(s.until)-1] > 0) {
				return nil, fmt.Errorf("sample task %s: at time step %d no outcome has a probability above 0", s.row.Task, step)
			}
			windows[w][step] = s.draw(&generators[w])
		}
	}
	return windows, nil
}

// accumulate sums the weights of the words.
func (s *Sampler) accumulate() {
	sum := 0.0
	for word, weight := range s.weights {
		sum += weight
		s.until[word] = sum
	}
}

// drawNoise draws the noise angles of a patch. Unless noise is per qubit, all qubits of an
// encoding share one.
func (s *Sampler) drawNoise(rows []float64, g *random.Generator) {
	low, high := 0.0, 1.0 // of a classical generator
	if c := s.row.Configuration; !c.IsBaseline() {
		low, high = c.Circuit.NoiseLow, c.Circuit.NoiseHigh
	}
	for row := range rows {
		if s.ansatz.Noise != circuit.PerQubit && row%s.ansatz.Qubits() != 0 {
			rows[row] = rows[row-1]
			continue
		}
		rows[row] = low + float64((high-low)*g.Float64())
	}
}

// draw draws a word by the sums of the law, or each of its neurons by its rate.
func (s *Sampler) draw(g *random.Generator) (word uint32) {
	for q, rate := range s.rates {
		if g.Float64() < rate {
			word |= 1 << q
		}
	}
	if s.rates != nil {
		return word
	}
	last := len(s.until) - 1
	u := g.Float64() * s.until[last]
	drawn := sort.Search(last, func(i int) bool { return s.until[i] > u })
	for s.weights[drawn] == 0 { // u was rounded up to the sum
		drawn--
	}
	return uint32(drawn)
}

// SampleFormats are the formats of WriteSample.
var SampleFormats = []string{"npz", "csv"}

// SampleMeta describes a sample.
type SampleMeta struct {
	Format        string          `json:"format"`
	Task          sweep.TaskID    `json:"task"`
	Model         string          `json:"model"`
	Configuration json.RawMessage `json:"configuration"` // all settings that the model reads
	Data          string          `json:"data"`          // that the model was trained on
	NeuronIDs     []int           `json:"neuron_ids"`
	BinMS         float64         `json:"bin_ms"`
	Windows       int             `json:"windows"`
	Seed          uint64          `json:"seed"`
	Result        string          `json:"result"` // SHA-256 of the result
	Numerics      int             `json:"numerics"`
	Program       string          `json:"program"` // version
}

// Meta describes a sample of some windows. The width of a time step, binMS, is in
// milliseconds; program is the version of the program.
func (s *Sampler) Meta(windows int, binMS float64, program string) SampleMeta {
	row := s.row
	return SampleMeta{
		"spiqsweep-sample/1", row.Task, row.Configuration.Model, sweep.Canonical(row.Configuration), row.Data,
		row.NeuronIDs, binMS, windows, s.seed, row.Digest, sweep.Numerics, program,
	}
}

// WriteSample draws the windows that meta, of the same sampler, describes, and writes them in
// one of SampleFormats, in pieces. Equal arguments give equal bytes. check is called between
// the pieces; its error ends the writing.
//
// npz has the arrays samples (uint8, [window][neuron][step], 0 or 1), neuron_ids (int64),
// bin_ms (float64), seed (uint64), and meta_json (text). csv is a table of counts with the
// columns repeat, neuron and one for each step, below a comment line with the same JSON;
// repeat is the window, neuron the position in neuron_ids. Package recording reads both.
func WriteSample(w io.Writer, format string, s *Sampler, meta SampleMeta, check func() error) error {
	text, err := json.Marshal(meta)
	if err != nil {
		return fmt.Errorf("write sample of task %s: %w", meta.Task, err)
	}
	buffered := bufio.NewWriter(w)
	switch format {
	case "npz":
		err = s.writeNPZ(buffered, meta, string(text), check)
	case "csv":
		err = s.writeCSV(buffered, meta.Windows, string(text), check)
	default:
		return fmt.Errorf("format %.40q of a sample: must be %s", format, strings.Join(SampleFormats, " or "))
	}
	return errors.Join(err, buffered.Flush())
}

// each draws windows and calls visit with each of them.
func (s *Sampler) each(windows int, check func() error, visit func(window int, words []uint32) error) error {
	together := min(sampledTogether, max(1, sampledWords/(len(s.weights)*s.row.Configuration.Timesteps+1)))
	for first := 0; first < windows; first += together {
		if err := check(); err != nil {
			return err
		}
		some, err := s.Windows(first, min(together, windows-first))
		if err != nil {
			return err
		}
		for i, words := range some {
			if err := visit(first+i, words); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Sampler) writeNPZ(w io.Writer, meta SampleMeta, text string, check func() error) error {
	c, archive := s.row.Configuration, npz.NewWriter(w)
	samples, err := archive.Create("samples", "|u1", meta.Windows, c.Neurons, c.Timesteps)
	if err != nil {
		return err
	}
	bits := make([]byte, c.Neurons*c.Timesteps)
	err = s.each(meta.Windows, check, func(_ int, words []uint32) error {
		for i := range bits {
			bits[i] = byte(words[i%c.Timesteps] >> (i / c.Timesteps) & 1)
		}
		_, err := samples.Write(bits)
		return err
	})
	if err != nil {
		return err
	}
	ids := make([]int64, len(meta.NeuronIDs))
	for i, id := range meta.NeuronIDs {
		ids[i] = int64(id)
	}
	return errors.Join(
		npz.Numbers(archive, "neuron_ids", ids, len(ids)), npz.Numbers(archive, "bin_ms", []float64{meta.BinMS}),
		npz.Numbers(archive, "seed", []uint64{meta.Seed}), archive.Text("meta_json", text), archive.Close(),
	)
}

func (s *Sampler) writeCSV(w io.Writer, windows int, text string, check func() error) error {
	c := s.row.Configuration
	fields := []string{"repeat", "neuron"}
	for step := range c.Timesteps {
		fields = append(fields, fmt.Sprintf("bin_%d", step))
	}
	if _, err := fmt.Fprintf(w, "# %s\n%s\n", text, strings.Join(fields, ",")); err != nil {
		return err
	}
	return s.each(windows, check, func(window int, words []uint32) error {
		for neuron := range c.Neurons {
			line := fmt.Appendf(nil, "%d,%d", window, neuron)
			for _, word := range words {
				line = append(line, ',', '0'+byte(word>>neuron&1))
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}
