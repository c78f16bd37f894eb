package recording

import (
	"fmt"
	"strings"
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
	if t.kind != matUint32 || t.size != 8 {
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
	v.name = strings.ToValidUTF8(string(name), "?")
	return v, nil
}

func (s *stream) dims() ([]int64, error) {
	t, data, err := s.part(4 * matMaxDims)
	if err != nil {
		return nil, err
	}
	if t.kind != matInt32 || t.size%4 != 0 || t.size < 8 {
		return nil, fmt.Errorf("%s: its dimensions have type %d and %d bytes", mendCopy, t.kind, t.size)
	}
	var dims []int64
	for ; len(data) > 0; data = data[4:] {
		dims = append(dims, int64(int32(s.order.Uint32(data))))
	}
	return dims, nil
}

// matNumbers are the types of values by their number in the file, often
// narrower than the class of their array.
var matNumbers = map[uint32]string{
	1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}
