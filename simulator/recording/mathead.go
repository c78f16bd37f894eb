package recording

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode"
)

const (
	matMaxDims = 64   // MATLAB itself never shows more than a handful
	matMaxName = 4096 // bytes; MATLAB's names have at most 63 letters
)

// Flags of a matrix.
const (
	matLogicalFlag = 1 << 9
	matComplexFlag = 1 << 11
)

// head reads flags, dimensions and name of a matrix. An empty matrix has none
// of them.
func (s *stream) head() (variable, error) {
	if s.left == 0 {
		return variable{}, nil
	}
	t, flags, err := s.part(8)
	if err != nil {
		return variable{}, err
	}
	if t.kind != matUint32 && t.kind != matInt32 || t.size != 8 {
		return variable{}, fmt.Errorf("%s: its flags have type %d and %d bytes", mendCopy, t.kind, t.size)
	}
	word := s.order.Uint32(flags)
	v := variable{class: matClass(word), logical: word&matLogicalFlag != 0, complex: word&matComplexFlag != 0}
	if int(v.class) >= len(matClassNames) {
		return variable{}, fmt.Errorf("%s: its class is %d", mendCopy, v.class)
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
		return nil, fmt.Errorf("%s: its dimensions have type %d and %d bytes", mendCopy, t.kind, t.size)
	}
	var dims []int64
	for ; len(data) > 0; data = data[number.width:] {
		// Far above 2⁵³ the value is rounded, and refused all the same.
		dims = append(dims, int64(min(number.value(data), math.MaxInt32)))
	}
	return dims, nil
}

// matNumbers are the types of values by their number in the file, often
// narrower than the class of their array.
var matNumbers = map[uint32]string{
	1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}

// fields returns the names of a struct's fields as far as they can be read:
// they only help a message.
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

// printable returns a name of the file without control characters.
func printable(name []byte) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(name), "?"))
}
