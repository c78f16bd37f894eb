package recording

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// variable describes one variable of a MATLAB file: the contents of its head.
type variable struct {
	name             string
	class            matClass
	complex, logical bool
	dims             []int64
	fields           []string // of a struct, if readable
	element          element  // its place in the file
}

// matClass is the class of a MATLAB array.
type matClass byte

const (
	matCell   matClass = 1
	matStruct matClass = 2
	matSparse matClass = 5
	matDouble matClass = 6
	matUint64 matClass = 15
)

var matClassNames = [...]string{
	"unknown", "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8",
	"int16", "uint16", "int32", "uint32", "int64", "uint64", "function_handle", "opaque",
}

func (c matClass) String() string { return matClassNames[c] }

// hasShape reports whether dimensions and name follow the flags. They do not in
// function handles and opaque objects.
func (c matClass) hasShape() bool { return c >= 1 && c <= matUint64 }

// full reports whether the variable is a full array of numbers, real or complex.
func (v variable) full() bool { return v.class >= matDouble && v.class <= matUint64 }

// numeric reports whether the variable is a full array of real numbers.
func (v variable) numeric() bool { return v.full() && !v.complex }

// mayBeRecording reports whether the variable is a numeric array of the given number of
// dimensions, 2 or 3. A vector or a single number is none of 2.
func (v variable) mayBeRecording(dimensions int) bool {
	dims := trimmed(v.dims)
	return v.numeric() && len(dims) == dimensions && (dimensions > 2 || min(dims[0], dims[1]) > 1)
}

// extractableSize returns the number of values in a variable that extraction
// supports, 0 for any other. It returns 100 for a struct or a cell array, whose
// content it does not read: less than a recording has, more than most tables of
// weights have.
func (v variable) extractableSize() float64 {
	dims := trimmed(v.dims)
	switch {
	case v.class == matStruct, v.class == matCell:
		return 100
	case v.class == matSparse, v.full() && len(dims) == 2 && min(dims[0], dims[1]) > 1, v.full() && v.complex && len(dims) == 3:
		size := 1.0
		for _, d := range dims {
			size *= float64(d)
		}
		return size
	default:
		return 0
	}
}

// String describes the variable: "bint (double, 297 × 160 × 953)".
func (v variable) String() string {
	class := v.class.String()
	switch {
	case v.class == matSparse && v.logical:
		class = "sparse logical"
	case v.class == matSparse && v.complex:
		class = "sparse complex"
	case v.logical:
		class = "logical"
	case v.complex:
		class = "complex " + class
	}
	parts := []string{class}
	if v.dims != nil {
		parts = append(parts, times(v.dims))
	}
	if len(v.fields) > 0 {
		parts = append(parts, "with the fields "+strings.Join(v.fields, ", "))
	}
	return fmt.Sprintf("%s (%s)", cmp.Or(v.name, "unnamed"), strings.Join(parts, ", "))
}

// open returns the variable's array, positioned at its values.
func (v variable) open(o Options) (*array, error) {
	a, err := newArray(v.dims, true, o)
	if err != nil {
		return nil, err
	}
	s, err := v.element.stream()
	if err != nil {
		return nil, err
	}
	if _, err := s.head(); err != nil {
		return nil, err
	}
	values, err := s.tag()
	if err != nil {
		return nil, err
	}
	number, ok := newNumber(matNumbers[values.kind], s.order)
	if !ok {
		return nil, fmt.Errorf("%s: its values are of the unknown type %d", fixCopy, values.kind)
	}
	a.number, a.format = number, "MATLAB v5, variable "+v.name
	if values.size != a.bytes() {
		return nil, fmt.Errorf("%s: %d bytes of values where %s of %d bytes need %d", fixCopy, values.size, times(v.dims), number.width, a.bytes())
	}
	if values.size > s.left {
		return nil, fmt.Errorf("%s: its values claim %d bytes where %d are left", fixCopy, values.size, s.left)
	}
	a.values = s
	a.close = s.end
	return a, nil
}

const (
	matMaxDims = 64
	matMaxName = 4096 // bytes; MATLAB's names have at most 63 letters
)

// Flags of a matrix.
const (
	matLogicalFlag = 1 << 9
	matComplexFlag = 1 << 11
)

// head reads the flags, dimensions and name of a matrix. An empty matrix has no
// head and yields the zero variable.
func (s *stream) head() (variable, error) {
	if s.left == 0 {
		return variable{}, nil
	}
	t, flags, err := s.part(8)
	if err != nil {
		return variable{}, err
	}
	if t.kind != matUint32 && t.kind != matInt32 || t.size != 8 {
		return variable{}, fmt.Errorf("%s: its flags have type %d and %d bytes", fixCopy, t.kind, t.size)
	}
	word := s.order.Uint32(flags)
	v := variable{class: matClass(word), logical: word&matLogicalFlag != 0, complex: word&matComplexFlag != 0}
	if int(v.class) >= len(matClassNames) {
		return variable{}, fmt.Errorf("%s: its class is %d", fixCopy, v.class)
	}
	if !v.class.hasShape() {
		return v, nil
	}
	if v.dims, err = s.dims(); err != nil {
		return variable{}, err
	}
	_, name, err := s.part(matMaxName)
	if err != nil {
		return variable{}, err
	}
	v.name = printable(name)
	if v.class == matStruct {
		v.fields = s.fields()
	}
	return v, nil
}

func (s *stream) dims() ([]int64, error) {
	t, data, err := s.part(8 * matMaxDims)
	if err != nil {
		return nil, err
	}
	// MATLAB writes int32. Other programs write other integers.
	code := matNumbers[t.kind]
	number, ok := newNumber(code, s.order)
	if !ok || code[0] == 'f' || t.size%int64(number.width) != 0 || t.size < 2*int64(number.width) || t.size > matMaxDims*int64(number.width) {
		return nil, fmt.Errorf("%s: its dimensions have type %d and %d bytes", fixCopy, t.kind, t.size)
	}
	var dims []int64
	for ; len(data) > 0; data = data[number.width:] {
		// The conversion rounds values far above 2⁵³; newArray rejects them anyway.
		dims = append(dims, int64(min(number.value(data), math.MaxInt32)))
	}
	return dims, nil
}

// matNumbers maps the type numbers of MATLAB to codes of newNumber. The type of
// the values is often narrower than the class of the array.
var matNumbers = map[uint32]string{
	1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}

// fields returns the names of a struct's fields for use in messages, nil if they
// cannot be read.
func (s *stream) fields() []string {
	const most = 32 // bytes and fields; MATLAB itself allows 63 letters
	t, data, err := s.part(4)
	if err != nil || t.size != 4 {
		return nil
	}
	length := int(s.order.Uint32(data))
	if length < 1 || length > 2*most {
		return nil
	}
	t, data, err = s.part(1 << 16)
	if err != nil || t.size%int64(length) != 0 {
		return nil
	}
	var fields []string
	for ; len(data) > 0 && len(fields) < most; data = data[length:] {
		name, _, _ := bytes.Cut(data[:length], []byte{0})
		fields = append(fields, printable(name))
	}
	return fields
}

// printable replaces invalid UTF-8 and control characters in a name by "?".
func printable(name []byte) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(name), "?"))
}
