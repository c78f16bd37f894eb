package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The MATLAB v5 format ("MAT-File Format", The MathWorks): a header of 128
// bytes, then one data element per variable, each a matrix or a zlib stream of
// one matrix (matelement.go).
const matHeaderBytes = 128

// isMAT says whether a file begins as MATLAB v5 does: version 0x0100 and the
// letters MI, both as 16-bit numbers in the byte order of the file.
func isMAT(head []byte) bool {
	if len(head) < matHeaderBytes {
		return false
	}
	tail := head[124:matHeaderBytes]
	return bytes.Equal(tail, []byte("\x00\x01IM")) || bytes.Equal(tail, []byte("\x01\x00MI"))
}

// openMAT opens the recording's variable in a MATLAB v5 file of size bytes.
func openMAT(file io.ReaderAt, size int64, o Options) (*array, error) {
	variables, err := matVariables(file, size)
	if err != nil {
		return nil, err
	}
	v, err := choose(variables, o.Variable)
	if err != nil {
		return nil, err
	}
	a, err := v.open()
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.name, err)
	}
	return a, nil
}

// matVariables lists the variables without reading their values.
func matVariables(file io.ReaderAt, size int64) ([]variable, error) {
	var head [matHeaderBytes]byte
	if _, err := file.ReadAt(head[:], 0); err != nil {
		return nil, damaged(err)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[126] == 'M' {
		order = binary.BigEndian
	}
	var variables []variable
	for at := int64(matHeaderBytes); at < size; {
		e, err := matElement(file, at, size, order)
		if err != nil {
			return nil, fmt.Errorf("data element at byte %d: %w", at, err)
		}
		v, err := e.variable()
		if err != nil {
			return nil, fmt.Errorf("data element at byte %d: %w", at, err)
		}
		variables = append(variables, v)
		at += 8 + e.size
	}
	return variables, nil
}

// choose returns the variable of that name or, without a name, the only one
// that may be a recording.
func choose(variables []variable, name string) (variable, error) {
	if len(variables) == 0 {
		return variable{}, errors.New("the file has no variables")
	}
	if name != "" {
		i := slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
		if i < 0 {
			return variable{}, fmt.Errorf("no variable is named %q; the file has %s", name, list(variables))
		}
		if !variables[i].numeric() {
			return variable{}, fmt.Errorf("variable %s does not hold real numbers", variables[i])
		}
		return variables[i], nil
	}
	var candidates []variable
	for _, v := range variables {
		if v.numeric() && len(v.dims) == 3 {
			candidates = append(candidates, v)
		}
	}
	switch len(candidates) {
	case 0:
		return variable{}, fmt.Errorf("no variable is a numeric array of 3 dimensions, repeats × neurons × bins; the file has %s", list(variables))
	case 1:
		return candidates[0], nil
	default:
		return variable{}, fmt.Errorf("%d variables have 3 dimensions: name one of %s", len(candidates), list(candidates))
	}
}

// list prints the variables, a screenful at most.
func list(variables []variable) string {
	const most = 20
	var names []string
	for _, v := range variables[:min(most, len(variables))] {
		names = append(names, v.String())
	}
	if n := len(variables) - most; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return strings.Join(names, ", ")
}
