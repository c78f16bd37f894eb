package recording

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// array is an array of numbers in a file, its header read and its values still unread.
// Its size and stride have one element for each axis.
type array struct {
	format string // for people: ".npy"
	order  []axis // of the file, as its header gives the dimensions
	size   [3]int64
	stride [3]int64 // numbers from one index to the next
	binMS  float64
	number number
	values io.Reader
	close  func() error // checks the bytes after the values
}

// newArray returns an array of these dimensions. It fails unless they are the shape of a
// recording within the bounds. It ignores dimensions of 1 beyond the third. With fortran
// the first dimension varies fastest, otherwise the last.
func newArray(dims []int64, fortran bool, o Options) (*array, error) {
	dims = trimmed(dims)
	order, err := o.axesOf(dims)
	if err != nil {
		return nil, err
	}
	a := &array{order: order, size: [3]int64{1, 1, 1}, stride: [3]int64{1, 1, 1}, binMS: cmp.Or(o.BinMS, DefaultBinMS)}
	for i, axis := range order {
		a.size[axis] = dims[i]
	}
	if err := checkShape(a.size[repeatAxis], a.size[neuronAxis], a.size[binAxis], cmp.Or(o.Limit, DefaultLimit), askAxes); err != nil {
		return nil, err
	}
	fastest := slices.Clone(order)
	if !fortran {
		slices.Reverse(fastest)
	}
	step := int64(1)
	for _, axis := range fastest {
		a.stride[axis] = step
		step *= a.size[axis]
	}
	return a, nil
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
	return a.size[repeatAxis] * a.size[neuronAxis] * a.size[binAxis] * int64(a.number.width)
}

// position returns the indices of the i-th number of the file.
func (a *array) position(i int64) (repeat, neuron, bin int) {
	at := func(x axis) int { return int(i / a.stride[x] % a.size[x]) }
	return at(repeatAxis), at(neuronAxis), at(binAxis)
}

// ErrCounts reports a recording with counts above 1 that Options.Clip would
// accept.
var ErrCounts = errors.New("neither 0 nor 1")

// recording reads the numbers. It rejects numbers other than 0 and 1; with clip
// it takes counts above 1 as 1.
func (a *array) recording(name string, clip bool) (*Recording, error) {
	c, err := newCollector(a.size)
	if err != nil {
		return nil, err
	}
	var others outliers
	err = a.each(func(i int64, value float64) {
		repeat, neuron, bin := a.position(i)
		if !c.add(value, repeat, neuron, bin) {
			others.add(value, repeat, neuron, bin)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case others.number > 0:
		return nil, fmt.Errorf("%s: %s%s", values(others.number, "is not a count of spikes", "are not counts of spikes"), others.first, others.advice(a.order))
	case c.counts.number > 0 && !clip:
		return nil, fmt.Errorf("%s %w: %s", values(c.counts.number, "is", "are"), ErrCounts, c.counts.first)
	}
	r := c.recording(name)
	r.format, r.axes, r.binMS = a.format, joinAxes(a.order, ","), a.binMS
	return r, nil
}

// collector collects counts of spikes as bins of 0 and 1.
type collector struct {
	*builder
	counts outliers // above 1
}

// newCollector returns a collector of this size, by axis.
func newCollector(size [3]int64) (*collector, error) {
	b, err := newBuilder(int(size[repeatAxis]), int(size[neuronAxis]), int(size[binAxis]))
	return &collector{builder: b}, err
}

// add adds a value other than 0. It reports whether it is a count of spikes.
func (c *collector) add(value float64, repeat, neuron, bin int) bool {
	if !(value >= 1) || value != math.Trunc(value) || math.IsInf(value, 1) {
		return false
	}
	c.set(repeat, neuron, bin)
	if value > 1 {
		c.counts.add(value, repeat, neuron, bin)
	}
	return true
}

// recording drops an empty last bin, and returns the recording with notices of that and of
// counts above 1.
func (c *collector) recording(name string) *Recording {
	bins := c.bins
	dropped := c.dropEmptyLastBin()
	r := c.builder.recording(name)
	if c.counts.number > 0 {
		were := "were"
		if c.counts.number == 1 {
			were = "was"
		}
		r.notices = append(r.notices, fmt.Sprintf("%s above 1 %s clipped to 1: %s", plural(int64(c.counts.number), "count"), were, c.counts.first))
	}
	if dropped {
		r.notices = append(r.notices, fmt.Sprintf("the last of %d bins is empty for every neuron in every repeat and was dropped", bins))
	}
	return r
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

// advice returns the fix for the values of an array whose axes have this order, to be
// appended to an error.
func (o *outliers) advice(order []axis) string {
	switch o.number {
	case o.nans:
		text := "; NaN that pads short repeats becomes silence by numpy.nan_to_num(x) in Python and x(isnan(x)) = 0 in MATLAB"
		if o.firstNaN > 0 {
			text += fmt.Sprintf(", or keep the bins before all NaN, x[%s] in Python and x(%s) in MATLAB",
				index(order, fmt.Sprintf(":%d", o.firstNaN)), index(order, fmt.Sprintf("1:%d", o.firstNaN)))
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
