package recording

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// spikeTimes is a table of spikes, one row each, with the columns repeat, neuron and time_s,
// the time in seconds from the start of the repeat. Bin k holds the spikes at times in
// [k·width, (k+1)·width). Without the column repeat there is one repeat. A row with an empty
// time has no spike: it only names a repeat and a neuron.
type spikeTimes struct {
	csvFile
	repeats, neurons *labelSet
	column           map[string]int // by its name
	bins             int
	binMS            float64
	fractions        bool // a time is not a whole number
}

// newSpikeTimes reads the labels and the last spike. The repeats end after o.DurationS, in
// whole bins, or with the bin of the last spike.
func newSpikeTimes(f csvFile, o Options) (content, error) {
	t := &spikeTimes{
		csvFile: f, repeats: newLabelSet(repeatColumn), neurons: newLabelSet(neuronColumn),
		column: map[string]int{}, binMS: cmp.Or(o.BinMS, DefaultBinMS),
	}
	for i, name := range f.header {
		if _, twice := t.column[name]; twice && slices.Contains([]string{repeatColumn, neuronColumn, timeColumn}, name) {
			return nil, fmt.Errorf("two columns are named %s", name)
		}
		t.column[name] = i
	}
	if _, ok := t.column[neuronColumn]; !ok {
		return nil, fmt.Errorf("the table has spike times (time_s) but no column neuron; its columns are %s: name them repeat, neuron and time_s", printable([]byte(listed(f.header))))
	}
	end := math.Inf(1)
	if o.DurationS > 0 {
		end = math.Floor(binsOf(o.DurationS, t.binMS))
		if end < 1 {
			return nil, fmt.Errorf("duration_s = %v is shorter than a bin of %v ms", o.DurationS, t.binMS)
		}
	}
	last := -1.0
	var latest string // the time of the last spike, and its line
	latestLine := 0
	rows := 0
	err := f.rows(func(line int, record []string) error {
		bin, err := t.bin(record)
		if err == nil {
			err = t.repeats.add(t.label(record, repeatColumn), line)
		}
		if err == nil {
			err = t.neurons.add(t.label(record, neuronColumn), line)
		}
		if err != nil {
			return &lineError{line, err}
		}
		if bin == noSpike {
			return nil
		}
		time := record[t.column[timeColumn]]
		if rows++; bin > last {
			last, latest, latestLine = bin, strings.Clone(time), line
		}
		if seconds, _ := parseNumber(time); seconds != math.Trunc(seconds) {
			t.fractions = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, errors.New("the table has no spike below its header")
	}
	if err := checkLabels(t.repeats, t.neurons); err != nil {
		return nil, err
	}
	ask := "is duration_s in seconds?"
	if math.IsInf(end, 1) {
		end, ask = last+1, "are these milliseconds? "+divideByThousand
	}
	t.bins = int(min(end, math.MaxInt32))
	err = checkShape(int64(t.repeats.len()), int64(t.neurons.len()), int64(t.bins), cmp.Or(o.Limit, DefaultLimit), ask)
	if err != nil && o.DurationS == 0 {
		return nil, &lineError{latestLine, fmt.Errorf("the last spike is at time_s = %.40s: %w", latest, err)}
	}
	return t, err
}

// units returns a question if the times look like milliseconds: all are whole numbers, or the
// neurons fire so seldom that they would at a thousandth of a usual rate; otherwise "". spikes is
// the number of rows.
func (t *spikeTimes) units(spikes int) string {
	const few, slow = 10, 0.04 // spikes, Hz: neurons that fire at less than 40 Hz, in milliseconds
	hertz := float64(spikes) / (float64(t.bins) * t.binMS / 1000 * float64(t.repeats.len()) * float64(t.neurons.len()))
	switch {
	case spikes >= few && !t.fractions:
		return fmt.Sprintf("all %d spike times are whole numbers: are these milliseconds? %s", spikes, divideByThousand)
	case hertz < slow:
		return fmt.Sprintf("a neuron fires at %.2g Hz on average, and a repeat lasts %g s: are the times milliseconds? %s", hertz, float64(t.bins)*t.binMS/1000, divideByThousand)
	}
	return ""
}

// divideByThousand is the fix for times in milliseconds.
const divideByThousand = "time_s is in seconds: if so, divide the times by 1000"

// label returns the label in a column, "0" if there is no column repeat.
func (t *spikeTimes) label(record []string, column string) string {
	i, ok := t.column[column]
	if !ok {
		return "0"
	}
	return record[i]
}

// noSpike is the bin of a row with an empty time.
const noSpike = -1

// bin returns the bin of a row, a whole number ≥ 0, or noSpike.
func (t *spikeTimes) bin(record []string) (float64, error) {
	if len(record) < len(t.header) || slices.ContainsFunc(record[len(t.header):], func(field string) bool { return field != "" }) {
		hint := ""
		if t.separator == ',' && len(record) > len(t.header) {
			hint = ": if numbers have a decimal comma, write a point"
		}
		return 0, fmt.Errorf("it has %s where the header has %d%s", plural(int64(len(record)), "value"), len(t.header), hint)
	}
	text := record[t.column[timeColumn]]
	if text == "" {
		return noSpike, nil
	}
	seconds, err := parseNumber(text)
	switch {
	case hasDecimalComma(text):
		return 0, fmt.Errorf("time_s = %.40q has a decimal comma: write a point, as in %.40s", text, strings.Replace(text, ",", ".", 1))
	case err != nil:
		return 0, fmt.Errorf("time_s = %.40q is not a number of seconds", text)
	case seconds < 0:
		return 0, fmt.Errorf("time_s = %s is negative: count the seconds from the start of the repeat, and leave earlier spikes out", text)
	}
	return math.Floor(binsOf(seconds, t.binMS)), nil
}

// binsOf returns a time in bins. A time within rounding of an edge is on the edge, and so in
// the later bin: 0.06 s is 3 bins of 20 ms, though 0.06/0.02 is below 3. Rounding is at most
// 1e-12 of the time, a thousand times that of a division.
func binsOf(seconds, binMS float64) float64 {
	bins := seconds / (binMS / 1000)
	if edge := math.Round(bins); math.Abs(bins-edge) <= 1e-12*edge {
		return edge
	}
	return bins
}

func (t *spikeTimes) recording(name string, clip bool) (*Recording, error) {
	c, err := newCollector([3]int64{int64(t.repeats.len()), int64(t.neurons.len()), int64(t.bins)})
	if err != nil {
		return nil, err
	}
	late, silent, spikes := 0, 0, 0
	err = t.rows(func(line int, record []string) error {
		bin, err := t.bin(record)
		if err != nil {
			return &lineError{line, err}
		}
		if bin == noSpike {
			silent++
			return nil
		}
		spikes++
		if bin >= float64(t.bins) {
			late++
			return nil
		}
		repeat, neuron := t.repeats.index(t.label(record, repeatColumn)), t.neurons.index(t.label(record, neuronColumn))
		if !c.trains[neuron].get(repeat, int(bin)) {
			c.set(repeat, neuron, int(bin))
			return nil
		}
		if !clip {
			return &lineError{line, fmt.Errorf("a second spike in one bin, repeat %d, neuron %d, bin %d, counted from 0: the count is %w", repeat, neuron, int(bin), ErrCounts)}
		}
		c.counts.add(2, repeat, neuron, int(bin))
		return nil
	})
	if err != nil {
		return nil, err
	}
	r := c.builder.recording(name)
	r.format, r.axes, r.binMS = "CSV of spike times", DefaultAxes, t.binMS
	if question := t.units(spikes); question != "" {
		r.notices = append(r.notices, question)
	}
	if n := c.counts.number; n > 0 {
		r.notices = append(r.notices, fmt.Sprintf("%s in a bin that had one already: clipped to 1", plural(int64(n), "spike")))
	}
	if late > 0 {
		r.notices = append(r.notices, fmt.Sprintf("%s at or after the end of the last whole bin left out (duration_s)", plural(int64(late), "spike")))
	}
	if silent > 0 {
		r.notices = append(r.notices, fmt.Sprintf("%s without a time: read as repeats and neurons, not as spikes", plural(int64(silent), "row")))
	}
	for _, l := range []*labelSet{t.repeats, t.neurons} {
		if notice := l.notice(); notice != "" {
			r.notices = append(r.notices, notice)
		}
		if missing := l.len() - len(l.position); missing > 0 {
			r.notices = append(r.notices, fmt.Sprintf("%s without a spike: their numbers do not occur in the file", plural(int64(missing), l.of)))
		}
	}
	return r, nil
}
