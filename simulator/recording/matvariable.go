package recording

import (
	"cmp"
	"fmt"
	"strings"
)

// variable is the head of one variable of a MATLAB file.
type variable struct {
	name             string
	class            matClass
	complex, logical bool
	dims             []int64
	fields           []string // of a struct, as far as known
	element          element  // where it is
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

// hasShape says whether dimensions and name follow the flags; function
// handles and opaque objects differ.
func (c matClass) hasShape() bool { return c >= 1 && c <= matUint64 }

// full reports whether the variable is a full array of numbers, real or complex.
func (v variable) full() bool { return v.class >= matDouble && v.class <= matUint64 }

// numeric says whether the variable is a full array of real numbers.
func (v variable) numeric() bool { return v.full() && !v.complex }

// mayBeRecording reports whether the variable is a numeric array of three
// dimensions.
func (v variable) mayBeRecording() bool { return v.numeric() && len(trimmed(v.dims)) == 3 }

// convertibleSize returns the number of values in a variable of which extraction makes
// a recording, 0 for any other. A struct or a cell, whose content is not read here,
// counts as a hundred, fewer than a recording has and more than most tables of weights.
func (v variable) convertibleSize() float64 {
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

// String returns "bint (double, 297 × 160 × 953)".
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

// open prepares the reading of the variable's values.
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
		return nil, fmt.Errorf("%s: its values are of the unknown type %d", mendCopy, values.kind)
	}
	a.number = number
	if values.size != a.bytes() {
		return nil, fmt.Errorf("%s: %d bytes of values where %s of %d bytes need %d", mendCopy, values.size, times(v.dims), number.width, a.bytes())
	}
	if values.size > s.left {
		return nil, fmt.Errorf("%s: its values claim %d bytes where %d are left", mendCopy, values.size, s.left)
	}
	a.values = s
	a.close = s.end
	return a, nil
}
