package recording

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The .npy format (NEP 1, numpy.lib.format): magic, version, length of the
// header (uint16 in version 1, uint32 later), header as a Python literal,
// numbers. This package parses the header itself because github.com/sbinet/npyio
// panics on a malformed one.
const npyMagic = "\x93NUMPY"

// maxNamed is how many fields or variables of a file a message names.
const maxNamed = 20

// ErrNoVariables reports a file without variables that was to be searched for one.
var ErrNoVariables = errors.New("holds one array without a name")

// openNPY opens a .npy file of size bytes.
func openNPY(file io.ReaderAt, size int64, path string, o Options) (content, error) {
	r := io.NewSectionReader(file, 0, size)
	header, start, err := readNPYHeader(r, size)
	if err != nil {
		return nil, err
	}
	if o.Variable != "" {
		return nil, fmt.Errorf("a .npy file %w, not a variable %q", ErrNoVariables, o.Variable)
	}
	a, err := newNPYArray(header, path, r, size-start, o)
	if err != nil {
		return nil, err
	}
	a.format, a.close = ".npy", func() error { return nil }
	return a, nil
}

// newNPYArray returns the array of a header that is followed by a number of bytes.
func newNPYArray(header npyHeader, path string, values io.Reader, have int64, o Options) (*array, error) {
	number, err := header.number(path)
	if err != nil {
		return nil, err
	}
	a, err := newArray(header.shape, header.fortran, o)
	if err != nil {
		return nil, err
	}
	a.number, a.values = number, values
	if have != a.bytes() {
		return nil, fmt.Errorf("%s: %d bytes of numbers where %s of %d bytes need %d",
			fixCopyNPY, have, times(header.shape), a.number.width, a.bytes())
	}
	return a, nil
}

// number returns the type of the numbers. For one that is not supported, the error contains
// the lines of Python that convert the file.
func (h npyHeader) number(path string) (number, error) {
	code := strings.TrimLeft(h.descr, "<>|=")
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.HasPrefix(h.descr, ">") {
		order = binary.BigEndian
	}
	stored := code
	if code == "b1" { // bool
		stored = "u1"
	}
	if n, ok := newNumber(stored, order); ok {
		return n, nil
	}
	load, take, what := fmt.Sprintf("x = numpy.load(%q)", path), "x.astype(float)", fmt.Sprintf("its values are of type %q, which is not read", h.descr)
	switch kind := cmp.Or(code, "V")[0]; {
	case len(h.fields) > 0:
		what = "it is a structured array with the fields " + strings.Join(h.fields[:min(len(h.fields), maxNamed)], ", ") + ", and a recording is one of numbers"
		take = `x["FIELD"]`
		if len(h.fields) == 1 && identifier.MatchString(h.fields[0]) {
			take = fmt.Sprintf("x[%q]", h.fields[0])
		}
	case kind == 'c':
		what = fmt.Sprintf("its numbers are complex (type %q), and spikes are 0 or 1: if the imaginary parts mean nothing, take the real parts", h.descr)
		take = "x.real"
	case kind == 'O':
		what = "it is a pickle of Python objects, which is not read, since it may run any program: load it only if you trust it"
		load = fmt.Sprintf("x = numpy.load(%q, allow_pickle=True)", path)
	case kind == 'V':
		return number{}, fmt.Errorf("its values are raw bytes (type %q), not numbers: save an array of numbers with numpy.save", h.descr)
	}
	return number{}, unsupported(what, conversion{"Python", []string{
		"import numpy",
		load,
		fmt.Sprintf("numpy.save(%q, %s)", unused(path, "", ".npy"), take),
	}})
}
