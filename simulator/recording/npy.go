package recording

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// The .npy format (NEP 1, numpy.lib.format): magic, version, length of the
// header (uint16 in version 1, uint32 later), header as a Python literal,
// numbers. This package parses the header itself because github.com/sbinet/npyio
// panics on a malformed one.
const npyMagic = "\x93NUMPY"

// npyMaxHeader is far above the header of any array without named fields.
const npyMaxHeader = 1 << 16

var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d+)'`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([\d,\s]*)\)`)
)

// openNPY opens a .npy file of size bytes.
func openNPY(file io.ReaderAt, size int64, _ string, o Options) (*array, error) {
	header, start, err := npyHeader(file, size)
	if err != nil {
		return nil, err
	}
	a, err := npyArray(header, o)
	if err != nil {
		return nil, err
	}
	if have := size - start; have != a.bytes() {
		return nil, fmt.Errorf("%s: %d bytes of numbers where %d × %d × %d of %d bytes need %d",
			fixCopy, have, a.repeats, a.neurons, a.bins, a.number.width, a.bytes())
	}
	a.values = io.NewSectionReader(file, start, a.bytes())
	a.close = func() error { return nil }
	return a, nil
}

// npyHeader returns the header's text and the offset of the numbers.
func npyHeader(file io.ReaderAt, size int64) (header string, start int64, err error) {
	var prefix [12]byte
	if _, err := file.ReadAt(prefix[:], 0); err != nil {
		return "", 0, damaged(err)
	}
	var length int64
	switch version := prefix[6]; version {
	case 1:
		start, length = 10, int64(binary.LittleEndian.Uint16(prefix[8:]))
	case 2, 3:
		start, length = 12, int64(binary.LittleEndian.Uint32(prefix[8:]))
	default:
		return "", 0, fmt.Errorf(".npy version %d.%d is not supported (1 to 3 are): save it again with numpy.save", version, prefix[7])
	}
	if length > npyMaxHeader || start+length > size {
		return "", 0, fmt.Errorf("%s: its .npy header claims %d bytes", fixCopy, length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(file, start, length), text); err != nil {
		return "", 0, damaged(err)
	}
	return string(text), start + length, nil
}

func npyArray(header string, o Options) (*array, error) {
	descr, fortran, dims := npyDescr.FindStringSubmatch(header), npyFortran.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if descr == nil || fortran == nil || dims == nil {
		return nil, fmt.Errorf("the .npy header %.200q is not that of a plain array of numbers: save it with numpy.save(file, x.astype(numpy.uint8))", header)
	}
	number, err := npyNumber(descr[1], descr[2])
	if err != nil {
		return nil, err
	}
	var lengths []int64
	for field := range strings.SplitSeq(dims[1], ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			n = math.MaxInt64
		}
		lengths = append(lengths, n)
	}
	a, err := newArray(lengths, fortran[1] == "True", o)
	if err != nil {
		return nil, err
	}
	a.number = number
	return a, nil
}

// npyNumber returns the type of a byte order, "<" or ">", and a code such as "f8".
func npyNumber(order, code string) (number, error) {
	byteOrder := binary.ByteOrder(binary.LittleEndian)
	if order == ">" {
		byteOrder = binary.BigEndian
	}
	stored := code
	if code == "b1" { // bool
		stored = "u1"
	}
	if code[0] == 'c' {
		return number{}, fmt.Errorf("its numbers are complex (type %q), and spikes are 0 or 1: if the imaginary parts mean nothing, save the real parts with numpy.save(file, x.real.astype(numpy.uint8))", order+code)
	}
	n, ok := newNumber(stored, byteOrder)
	if !ok {
		return number{}, fmt.Errorf("numbers of type %q are not supported: save it with numpy.save(file, x.astype(numpy.uint8))", order+code)
	}
	return n, nil
}
