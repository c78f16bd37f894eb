package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The MATLAB v5 format ("MAT-File Format", The MathWorks): a header of 128
// bytes, then one data element per variable, each a matrix or a zlib stream of
// one matrix (matstream.go).
const matHeaderBytes = 128

// isMAT reports whether a file begins like MATLAB v5: version 0x0100 and the
// letters MI, both as 16-bit numbers in the byte order of the file.
func isMAT(head []byte) bool {
	if len(head) < matHeaderBytes {
		return false
	}
	tail := head[124:matHeaderBytes]
	return bytes.Equal(tail, []byte("\x00\x01IM")) || bytes.Equal(tail, []byte("\x01\x00MI"))
}

// ErrAmbiguous reports a MATLAB or .npz file with several variables that may be the recording, of which
// Options.Variable would name one.
var ErrAmbiguous = errors.New("unclear which variable is the recording")

// openMAT opens the recording's variable in a MATLAB v5 file of size bytes.
func openMAT(file io.ReaderAt, size int64, path string, o Options) (content, error) {
	v, err := findVariable(file, size, path, o)
	if err != nil {
		return nil, err
	}
	a, err := v.open(o)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", v.name, err)
	}
	return a, nil
}

// findVariable returns the variable o.Variable or, if that is empty, the only
// variable that may be a recording. It reads the heads of all variables but keeps
// a bounded number of them in memory.
func findVariable(file io.ReaderAt, size int64, path string, o Options) (variable, error) {
	order, err := parseAxes(o.Axes)
	if err != nil {
		return variable{}, err
	}
	name := o.Variable
	var all, candidates variableList
	var named *variable
	var other variable // the largest that may contain a recording
	err = eachVariable(file, size, func(v variable) {
		all.add(v)
		switch {
		case name != "":
			if v.name == name && named == nil {
				named = &v
			}
		case v.mayBeRecording(len(order)):
			candidates.add(v)
		case v.extractableSize() > other.extractableSize():
			other = v
		}
	})
	switch {
	case err != nil:
		return variable{}, err
	case all.number == 0:
		return variable{}, errors.New("the file has no variables")
	case named != nil && named.numeric():
		return *named, nil
	case named != nil:
		return variable{}, fmt.Errorf("variable %s does not hold real numbers%s", named, extraction(*named, path))
	case name != "":
		return variable{}, fmt.Errorf("no variable is named %q; the file has %s", name, all)
	case candidates.number == 1:
		return candidates.some[0], nil
	case candidates.number > 1:
		return variable{}, fmt.Errorf("%w: %d variables have %d dimensions: %s", ErrAmbiguous, candidates.number, len(order), candidates)
	}
	return variable{}, fmt.Errorf("no variable is a numeric array of %d dimensions, %s; the file has %s%s", len(order), joinAxes(order, " × "), all, extraction(other, path))
}

// eachVariable calls visit with the head of every variable.
func eachVariable(file io.ReaderAt, size int64, visit func(variable)) error {
	var head [matHeaderBytes]byte
	if _, err := file.ReadAt(head[:], 0); err != nil {
		return damaged(err)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[126] == 'M' {
		order = binary.BigEndian
	}
	for at := int64(matHeaderBytes); at < size; {
		e, err := matElement(file, at, size, order)
		if err != nil {
			return fmt.Errorf("data element at byte %d: %w", at, err)
		}
		v, err := e.variable()
		if err != nil {
			return fmt.Errorf("data element at byte %d: %w", at, err)
		}
		visit(v)
		at += 8 + e.size
	}
	return nil
}

// variableList counts variables and keeps the first maxNamed for an error message.
type variableList struct {
	number int
	some   []variable
}

func (i *variableList) add(v variable) {
	if i.number++; i.number <= maxNamed {
		i.some = append(i.some, v)
	}
}

func (i variableList) String() string {
	var names []string
	for _, v := range i.some {
		names = append(names, v.String())
	}
	if more := i.number - len(i.some); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
