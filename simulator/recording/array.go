package recording

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// array is a three-dimensional array of numbers (repeats, neurons, bins) in a
// file, its header read and its values still unread.
type array struct {
	repeats, neurons, bins int
	fortran                bool // repeat varies fastest; otherwise bin does
	number                 number
	values                 io.Reader
	close                  func() error // checks the bytes after the values
}

// newArray returns an array of these dimensions. It fails unless they are the
// shape of a recording within the bounds. It ignores dimensions of 1 beyond the
// third.
func newArray(dims []int64, fortran bool, o Options) (*array, error) {
	dims = trimmed(dims)
	if len(dims) != 3 {
		text := fmt.Sprintf("it has %d dimensions (%s): want 3, repeats × neurons × bins", len(dims), times(dims))
		switch {
		case len(dims) == 2:
			text += "; a single repeat of neurons × bins gets its first axis by x[None] in NumPy and by reshape(x, [1 size(x)]) in MATLAB; " +
				"rows of repeats × neurons, the neurons of the first repeat first, are split by x.reshape(REPEATS, -1, x.shape[1]) in NumPy and by permute(reshape(x, [], REPEATS, size(x, 2)), [2 1 3]) in MATLAB"
		case len(dims) > 3:
			text += "; in NumPy x.reshape(-1, neurons, bins) joins all axes before the last two"
		}
		return nil, errors.New(text)
	}
	if err := checkShape(dims[0], dims[1], dims[2], cmp.Or(o.Limit, DefaultLimit)); err != nil {
		return nil, err
	}
	return &array{repeats: int(dims[0]), neurons: int(dims[1]), bins: int(dims[2]), fortran: fortran}, nil
}

// trimmed drops trailing dimensions of 1 beyond the third.
func trimmed(dims []int64) []int64 {
	for len(dims) > 3 && dims[len(dims)-1] == 1 {
		dims = dims[:len(dims)-1]
	}
	return dims
}

// bytes returns the size of the numbers in the file.
func (a *array) bytes() int64 {
	return int64(a.repeats) * int64(a.neurons) * int64(a.bins) * int64(a.number.width)
}

// position returns the indices of the i-th number of the file.
func (a *array) position(i int64) (repeat, neuron, bin int) {
	repeats, neurons, bins := int64(a.repeats), int64(a.neurons), int64(a.bins)
	if a.fortran {
		return int(i % repeats), int(i / repeats % neurons), int(i / repeats / neurons)
	}
	return int(i / bins / neurons), int(i / bins % neurons), int(i % bins)
}

// ErrCounts reports a recording with counts above 1 that Options.Clip would
// accept.
var ErrCounts = errors.New("neither 0 nor 1")

// recording reads the numbers. It rejects numbers other than 0 and 1; with clip
// it takes counts above 1 as 1.
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
		return nil, fmt.Errorf("%s: %s%s", values(others.number, "is not a count of spikes", "are not counts of spikes"), others.first, others.advice())
	case counts.number > 0 && !clip:
		return nil, fmt.Errorf("%s %w: %s", values(counts.number, "is", "are"), ErrCounts, counts.first)
	}
	dropped := b.dropEmptyLastBin()
	r := b.recording(name)
	if counts.number > 0 {
		were := "were"
		if counts.number == 1 {
			were = "was"
		}
		r.notices = append(r.notices, fmt.Sprintf("%s above 1 %s clipped to 1: %s", plural(int64(counts.number), "count"), were, counts.first))
	}
	if dropped {
		r.notices = append(r.notices, fmt.Sprintf("the last of %d bins is empty for every neuron in every repeat and was dropped", a.bins))
	}
	return r, nil
}

// each calls visit with every non-zero number and its index in the file.
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

// outliers counts rejected values and describes the first.
type outliers struct {
	number   int
	first    string
	nans     int
	firstNaN int // the earliest bin with a NaN
	negative int
}

func (o *outliers) add(value float64, repeat, neuron, bin int) {
	if o.number == 0 {
		o.first = fmt.Sprintf("the first, %v, is at repeat %d, neuron %d, bin %d, counted from 0", value, repeat, neuron, bin)
	}
	o.number++
	switch {
	case math.IsNaN(value):
		if o.nans == 0 || bin < o.firstNaN {
			o.firstNaN = bin
		}
		o.nans++
	case value < 0:
		o.negative++
	}
}

// advice returns the fix for the values, to be appended to an error.
func (o *outliers) advice() string {
	switch o.number {
	case o.nans:
		text := "; NaN that pads short repeats becomes silence by numpy.nan_to_num(x) in Python and x(isnan(x)) = 0 in MATLAB"
		if o.firstNaN > 0 {
			text += fmt.Sprintf(", or keep the bins before all NaN, x[:, :, :%d] in Python and x(:, :, 1:%d) in MATLAB", o.firstNaN, o.firstNaN)
		}
		return text
	case o.negative:
		return "; negative numbers that pad short repeats become silence by x[x < 0] = 0 in Python and x(x < 0) = 0 in MATLAB"
	default:
		return "; want the number of spikes in each bin: are these rates, or a filtered signal?"
	}
}

// values prints "1 value is" or "2 values are".
func values(n int, one, more string) string {
	if n == 1 {
		return "1 value " + one
	}
	return fmt.Sprintf("%d values %s", n, more)
}

// damaged adds the fix to the error of a read.
func damaged(err error) error { return unreadable(err, fixCopy) }

// unreadable adds the fix, which begins with the fault, to the error of a read. It
// replaces that of an early end of the file.
func unreadable(err error, fix string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New(fix + ": it ends too early")
	}
	return fmt.Errorf("%s: %w", fix, err)
}

// times prints dimensions as "297 × 160 × 953".
func times(dims []int64) string {
	s := make([]string, len(dims))
	for i, d := range dims {
		s[i] = strconv.FormatInt(d, 10)
	}
	return strings.Join(s, " × ")
}

// number is the stored type of the numbers of an array.
type number struct {
	width int                  // bytes
	value func([]byte) float64 // decodes the first width bytes
}

// newNumber returns the type with this code in NumPy's notation: u, i or f for
// unsigned, signed or floating, and the width in bytes. ok reports whether the
// code is supported.
func newNumber(code string, order binary.ByteOrder) (n number, ok bool) {
	n, ok = map[string]number{
		"u1": {1, func(b []byte) float64 { return float64(b[0]) }},
		"u2": {2, func(b []byte) float64 { return float64(order.Uint16(b)) }},
		"u4": {4, func(b []byte) float64 { return float64(order.Uint32(b)) }},
		"u8": {8, func(b []byte) float64 { return float64(order.Uint64(b)) }},
		"i1": {1, func(b []byte) float64 { return float64(int8(b[0])) }},
		"i2": {2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }},
		"i4": {4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }},
		"i8": {8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }},
		"f4": {4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }},
		"f8": {8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }},
	}[code]
	return n, ok
}
