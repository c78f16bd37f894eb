package app

import (
	"fmt"
	"sync"

	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// SurrogateSeed is the one seed of the surrogate in sweeps: like a recording,
// it is the same data whatever the seed of the trainings.
const SurrogateSeed = 1

// Surrogate returns the data that stand in for a recording. They are made once.
var Surrogate = sync.OnceValue(func() *recording.Recording { return recording.Surrogate(SurrogateSeed) })

// data finds the bits that a configuration is trained on. Each file is read
// once for each value of clip, each choice of cells is cut once.
type data struct {
	path       string // of the recording, "" if none is needed
	pathAt     string // where the grid gives the path, such as "sweep.hcl:4"; "" if the command line does
	variable   string // of a MATLAB file, "" for the only one
	recordings map[source]*recording.Recording
	samples    map[choice]sample
}

// source names a recording, choice the cells of one.
type (
	source struct {
		file bool
		clip bool
	}
	choice struct {
		source
		selection string
		neurons   int
		seed      uint64 // of a random selection; 0 otherwise
	}
)

// sample is the chosen cells.
type sample struct {
	name   string // of the recording
	digest string
	raster *recording.Raster
}

func newData(path, variable string) *data {
	return &data{path: path, variable: variable, recordings: map[source]*recording.Recording{}, samples: map[choice]sample{}}
}

// open returns the recording that a configuration asks for.
func (d *data) open(s source) (*recording.Recording, error) {
	if r, ok := d.recordings[s]; ok {
		return r, nil
	}
	r := Surrogate()
	if s.file {
		var err error
		if r, err = recording.Open(d.path, recording.Options{Clip: s.clip, Variable: d.variable}); err != nil {
			if d.pathAt != "" {
				err = fmt.Errorf("%s: %w", d.pathAt, err)
			}
			return nil, err
		}
	}
	d.recordings[s] = r
	return r, nil
}

// sample returns what a configuration is trained on.
func (d *data) sample(c sweep.Configuration) (sample, error) {
	key := choice{source: sourceOf(c), selection: c.Recording.Select, neurons: c.Neurons}
	if c.Recording.Select == "random" {
		key.seed = c.Seed
	}
	if s, ok := d.samples[key]; ok {
		return s, nil
	}
	selection, err := recording.ParseSelection(key.selection)
	if err != nil {
		return sample{}, err
	}
	r, err := d.open(key.source)
	if err != nil {
		return sample{}, err
	}
	cells, err := r.Select(selection, key.neurons, key.seed)
	if err != nil {
		return sample{}, err
	}
	raster := r.Raster(cells)
	s := sample{name: r.Name(), digest: raster.Digest(), raster: raster}
	d.samples[key] = s
	return s, nil
}

// digest names the bits that a configuration is trained on, or says why it
// cannot be.
func (d *data) digest(c sweep.Configuration) (string, error) {
	s, err := d.sample(c)
	if err != nil {
		return "", err
	}
	if _, err := s.raster.Windows(c.Timesteps); err != nil {
		return "", err
	}
	_, _, err = s.raster.Holdout(c.Recording.Holdout, c.Seed)
	return s.digest, err
}

// notices are what was changed while reading, each once.
func (d *data) notices() []string {
	var all []string
	seen := map[string]bool{}
	for _, r := range d.recordings {
		for _, notice := range r.Notices() {
			if !seen[notice] {
				seen[notice] = true
				all = append(all, r.Name()+": "+notice)
			}
		}
	}
	return all
}

func sourceOf(c sweep.Configuration) source {
	file := c.Recording.Source == "file"
	return source{file: file, clip: file && c.Recording.Clip}
}
