package recording

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// array is a three-dimensional array of numbers (repeats, neurons, bins) about
// to be read from a file.
type array struct {
	repeats, neurons, bins int
	fortran                bool // repeat varies fastest, rather than bin
	number                 number
	values                 io.Reader    // the numbers, one after the other
	close                  func() error // checks what follows them
}

// newArray checks that the dimensions are those of a recording.
func newArray(dims []int64, fortran bool) (*array, error) {
	if len(dims) != 3 {
		return nil, fmt.Errorf("it has %d dimensions (%s): want 3, repeats × neurons × bins", len(dims), times(dims))
	}
	count := int64(1)
	for _, d := range dims {
		if d < 1 || d > math.MaxInt32 || count > maxElements/d {
			return nil, fmt.Errorf("it is %s: want at least 1 of each and at most %d in all", times(dims), int64(maxElements))
		}
		count *= d
	}
	return &array{repeats: int(dims[0]), neurons: int(dims[1]), bins: int(dims[2]), fortran: fortran}, nil
}

// maxElements bounds repeats × neurons × bins: no size in bytes overflows.
const maxElements = 1 << 36

// bytes returns the size of the numbers in the file.
func (a *array) bytes() int64 {
	return int64(a.repeats) * int64(a.neurons) * int64(a.bins) * int64(a.number.width)
}

// position returns the place of the i-th number of the file.
func (a *array) position(i int64) (repeat, neuron, bin int) {
	repeats, neurons, bins := int64(a.repeats), int64(a.neurons), int64(a.bins)
	if a.fortran {
		return int(i % repeats), int(i / repeats % neurons), int(i / repeats / neurons)
	}
	return int(i / bins / neurons), int(i / bins % neurons), int(i % bins)
}

// recording reads the numbers. Those other than 0 and 1 are refused, unless clip
// accepts the counts among them; only what clip would mend is told of clip.
func (a *array) recording(name string, clip bool) (*Recording, error) {
	b, err := newBuilder(a.repeats, a.neurons, a.bins)
	if err != nil {
		return nil, err
	}
	var counts, others outliers
	err = a.each(func(i int64, value float64) {
		repeat, neuron, bin := a.position(i)
		b.set(repeat, neuron, bin)
		switch {
		case value == 1:
		case value > 1 && value == math.Trunc(value) && !math.IsInf(value, 1):
			counts.add(value, repeat, neuron, bin)
		default:
			others.add(value, repeat, neuron, bin)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case others.number > 0:
		return nil, fmt.Errorf("%d values are not counts of spikes: %s", others.number, others.first)
	case counts.number > 0 && !clip:
		return nil, fmt.Errorf("%d values are neither 0 nor 1: %s; clip = true takes counts above 1 as 1", counts.number, counts.first)
	}
	dropped := b.dropEmptyLastBin()
	r := b.recording(name)
	if counts.number > 0 {
		r.notices = append(r.notices, fmt.Sprintf("%d counts above 1 were clipped to 1: %s", counts.number, counts.first))
	}
	if dropped {
		r.notices = append(r.notices, fmt.Sprintf("the last of %d bins is empty for every neuron in every repeat and was dropped", a.bins))
	}
	return r, nil
}

// each calls visit with every number that is not 0.
func (a *array) each(visit func(i int64, value float64)) error {
	width := a.number.width
	buffer := make([]byte, min(a.bytes(), 1<<16))
	for done := int64(0); done < a.bytes(); done += int64(len(buffer)) {
		buffer = buffer[:min(int64(len(buffer)), a.bytes()-done)]
		if _, err := io.ReadFull(a.values, buffer); err != nil {
			return damaged(err)
		}
		for at := 0; at < len(buffer); at += width {
			if value := a.number.value(buffer[at:]); value != 0 {
				visit((done+int64(at))/int64(width), value)
			}
		}
	}
	return a.close()
}

// outliers counts unwelcome values and remembers the first.
type outliers struct {
	number int
	first  string
}

func (o *outliers) add(value float64, repeat, neuron, bin int) {
	if o.number == 0 {
		o.first = fmt.Sprintf("the first, %v, is at repeat %d, neuron %d, bin %d, counted from 0", value, repeat, neuron, bin)
	}
	o.number++
}

// damaged adds the mend to the error of a read that found less than the file promised.
func damaged(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: %w", mendCopy, err)
}

// times prints dimensions as "297 × 160 × 953".
func times(dims []int64) string {
	s := make([]string, len(dims))
	for i, d := range dims {
		s[i] = strconv.FormatInt(d, 10)
	}
	return strings.Join(s, " × ")
}
