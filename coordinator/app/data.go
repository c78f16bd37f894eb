package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// SurrogateSeed is the seed of the surrogate in all sweeps: like a recording, the data do
// not depend on the seed of a training.
const SurrogateSeed = 1

// Surrogate returns the generated data that stand in for a recording.
var Surrogate = sync.OnceValue(func() *recording.Recording { return recording.Surrogate(SurrogateSeed) })

// Fixes holds the flags, or the settings of a grid, that messages about a recording name.
type Fixes struct {
	Clip     string // accepts counts above 1
	Name     string // names the variable NAME of a file
	Variable string // the flag or the setting of Name
}

// Flags are the Fixes of the command line.
var Flags = Fixes{"--clip", "--variable NAME", "--variable"}

// OpenRecording reads a recording. Its error names the flag or the setting with which the
// recording can be read.
func OpenRecording(ctx context.Context, path string, o recording.Options, by Fixes) (*recording.Recording, error) {
	r, err := recording.Open(ctx, path, o)
	switch {
	case errors.Is(err, recording.ErrCounts):
		err = fmt.Errorf("%w; %s takes counts above 1 as 1", err, by.Clip)
	case errors.Is(err, recording.ErrTooLarge):
		err = fmt.Errorf("%w If they are, --max-recording raises the limit", err)
	case errors.Is(err, recording.ErrAmbiguous):
		err = fmt.Errorf("%w: name one with %s", err, by.Name)
	case errors.Is(err, recording.ErrNoVariables):
		err = fmt.Errorf("%w: leave out %s", err, by.Variable)
	case errors.Is(err, recording.ErrHDF5):
		err = fmt.Errorf("%w; coordinator describe --converter > convert_hdf5.py writes it, too", err)
	}
	return r, err
}

// data selects the bits that configurations are trained on. It keeps the recordings until
// upload has encoded every selection. It does not keep the selected bits, because there
// may be as many selections as seeds.
type data struct {
	path       string                      // of the recording, "" if none is needed
	pathAt     string                      // where the grid gives the path, such as "sweep.hcl:4"; "" if the command line does
	place      func(setting string) string // where the grid gives a setting
	options    recording.Options
	recordings map[source]*recording.Recording
	timesteps  map[source]int // the most of a configuration
	selected   map[choice]selectedNeurons
}

// source identifies a recording, choice a selection of its neurons.
type (
	source struct {
		file  bool
		clip  bool
		binMS float64
		axes  string

		variable  string
		durationS float64
	}
	choice struct {
		source
		selection string
		neurons   int
		seed      uint64 // of a random selection; 0 otherwise
	}
)

// selectedNeurons are the neurons that configurations are trained on.
type selectedNeurons struct {
	name          string // of the recording
	digest        string
	neurons       []int
	repeats, bins int
	binMS         float64
	silent        bool       // none of the neurons has a spike
	excerpt       [][]uint32 // see folder.Selected
}

func newData(path string, o recording.Options, g *grid.Grid) *data {
	return &data{
		path: path, options: o, pathAt: g.RecordingAt(), place: g.Place, timesteps: map[source]int{},
		recordings: map[source]*recording.Recording{}, selected: map[choice]selectedNeurons{},
	}
}

// open returns a recording.
func (d *data) open(ctx context.Context, s source) (*recording.Recording, error) {
	if r, ok := d.recordings[s]; ok {
		return r, nil
	}
	r := Surrogate()
	if !s.file && s.binMS != r.BinMS() {
		return nil, fmt.Errorf("bin_ms = %s: the surrogate has bins of %g ms; leave bin_ms out, or read a recording with source = \"file\"", sweep.Format(s.binMS), r.BinMS())
	}
	if s.file {
		var err error
		options := d.options
		by := Fixes{"clip = true in the grid's block recording", "variable = \"NAME\" in the grid's block recording, or --variable NAME", "--variable"}
		if options.Variable == "" {
			options.Variable, by.Variable = s.variable, "variable in the grid's block recording"
		}
		options.Clip, options.BinMS, options.Axes, options.DurationS = s.clip, s.binMS, s.axes, s.durationS
		if r, err = OpenRecording(ctx, d.path, options, by); err != nil {
			if d.pathAt != "" {
				err = fmt.Errorf("%s: %w", d.pathAt, err)
			}
			return nil, err
		}
		if r.Silent(nil) {
			return nil, fmt.Errorf("recording %s: no neuron has a spike in any of its %s: models would learn silence alone; is it the right file and, with variable, the right array?", d.path, r.Shape())
		}
	}
	d.recordings[s] = r
	return r, nil
}

// selectNeurons returns the neurons that a configuration is trained on.
func (d *data) selectNeurons(ctx context.Context, c sweep.Configuration) (selectedNeurons, error) {
	key := choice{source: sourceOf(c), selection: c.Recording.Select, neurons: c.Neurons}
	if c.Recording.Select == "random" {
		key.seed = c.Seed
	}
	if s, ok := d.selected[key]; ok {
		return s, nil
	}
	r, err := d.open(ctx, key.source)
	if err != nil {
		return selectedNeurons{}, err
	}
	selection, err := recording.ParseSelection(key.selection)
	if err != nil {
		return selectedNeurons{}, err
	}
	neurons, err := r.Select(selection, key.neurons, key.seed)
	if err != nil {
		cause := "select"
		if key.neurons > r.Neurons() {
			cause = "neurons"
		}
		return selectedNeurons{}, fmt.Errorf("%s: %w: it is %s", d.place(cause), err, r.Shape())
	}
	raster := r.Raster(neurons)
	s := selectedNeurons{
		name: r.Name(), digest: raster.Digest(), neurons: neurons,
		repeats: r.Repeats(), bins: r.Bins(), binMS: r.BinMS(), silent: r.Silent(neurons),
	}
	if len(d.selected) < maxExcerpts {
		if s.excerpt, err = raster.Excerpt(excerptWindows, excerptBins); err != nil {
			return selectedNeurons{}, err
		}
	}
	d.selected[key] = s
	return s, nil
}

// Excerpts of a recording, for rasters in figures: the number of selections that have one,
// of windows in it, and of bins in a window.
const (
	maxExcerpts    = 1000
	excerptWindows = 60
	excerptBins    = 30
)

// digest returns the digest of the bits that a configuration is trained on. It is an
// error if the recording does not suit the configuration.
func (d *data) digest(ctx context.Context, c sweep.Configuration) (string, error) {
	s, err := d.selectNeurons(ctx, c)
	if err != nil {
		return "", err
	}
	source := sourceOf(c)
	d.timesteps[source] = max(d.timesteps[source], c.Timesteps)
	for _, check := range []struct {
		setting string
		err     error
	}{
		{"timesteps", recording.CheckWindows(c.Timesteps, s.bins)},
		{"holdout", recording.CheckHoldout(c.Recording.Holdout, s.repeats)},
		{"holdout_time", recording.CheckHoldoutTime(c.Recording.HoldoutTime, c.Timesteps, s.bins, s.binMS)},
	} {
		if check.err != nil {
			return "", fmt.Errorf("%s: %w", d.place(check.setting), check.err)
		}
	}
	return s.digest, nil
}

// upload encodes the bits of every selection, passes them to put with their digest, then
// drops the recordings.
func (d *data) upload(ctx context.Context, put func(digest string, body []byte) error) error {
	for key, s := range d.selected {
		r, err := d.open(ctx, key.source)
		if err != nil {
			return err
		}
		raster := r.Raster(s.neurons)
		if raster.Digest() != s.digest {
			return fmt.Errorf("%s was changed while it was read", r.Name())
		}
		body, err := raster.MarshalBinary()
		if err != nil {
			return err
		}
		if err := put(s.digest, body); err != nil {
			return err
		}
	}
	clear(d.recordings)
	return nil
}

// notices describes the recordings, what was changed in reading them, and signs of
// mistakes.
func (d *data) notices() []string {
	var all []string
	seen := map[string]bool{}
	for _, s := range slices.SortedFunc(maps.Keys(d.recordings), source.compare) {
		r := d.recordings[s]
		for _, notice := range append(append([]string{r.Shape() + ", 0 or 1" + origin(r)}, r.Notices()...), r.Warnings(d.timesteps[s])...) {
			if !seen[notice] {
				seen[notice] = true
				all = append(all, r.Name()+": "+notice)
			}
		}
	}
	return append(all, d.silences()...)
}

// silences returns a sentence for each selection of neurons that have no spike. Selections of
// fewer of the same neurons are left out.
func (d *data) silences() []string {
	longest := map[choice]selectedNeurons{} // by the choice without the number of neurons
	for key, s := range d.selected {
		key.neurons = 0
		if s.silent && len(s.neurons) > len(longest[key].neurons) {
			longest[key] = s
		}
	}
	sentences := map[string]bool{}
	for _, s := range longest {
		ids := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(s.neurons)), ", "), "[]")
		sentences[fmt.Sprintf("%s: selected neurons without a spike in any repeat (%s): models of them learn silence alone; choose others with select", s.name, ids)] = true
	}
	return slices.Sorted(maps.Keys(sentences))
}

func sourceOf(c sweep.Configuration) source {
	if c.Recording.Source != "file" {
		return source{binMS: c.Recording.BinMS}
	}
	return source{true, c.Recording.Clip, c.Recording.BinMS, c.Recording.Axes, c.Recording.Variable, c.Recording.DurationS}
}

// compare orders the surrogate before the file, then by the settings.
func (s source) compare(t source) int {
	number := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(number(s.file), number(t.file)), cmp.Compare(number(s.clip), number(t.clip)),
		cmp.Compare(s.binMS, t.binMS), cmp.Compare(s.axes, t.axes), cmp.Compare(s.variable, t.variable), cmp.Compare(s.durationS, t.durationS),
	)
}

// origin describes how a recording was read: "; .npy, axes repeats,neurons,bins".
func origin(r *recording.Recording) string {
	if r.Format() == "" {
		return ""
	}
	return fmt.Sprintf("; %s, axes %s", r.Format(), r.Axes())
}
