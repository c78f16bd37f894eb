package recording

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

// Types of data elements.
const (
	matInt32      = 5
	matUint32     = 6
	matMatrix     = 14
	matCompressed = 15
)

// element is a data element at the top level of a file: a matrix, or a zlib
// stream of one.
type element struct {
	file       io.ReaderAt
	order      binary.ByteOrder
	start      int64 // of what follows the tag
	size       int64
	compressed bool
}

// matElement reads the tag at a byte of a file of size bytes.
func matElement(file io.ReaderAt, at, size int64, order binary.ByteOrder) (element, error) {
	var tag [8]byte
	if _, err := file.ReadAt(tag[:], at); err != nil {
		return element{}, damaged(err)
	}
	kind, length := order.Uint32(tag[:]), int64(order.Uint32(tag[4:]))
	if kind != matMatrix && kind != matCompressed {
		return element{}, fmt.Errorf("%s: its type is %d, neither a matrix nor a compressed one", mendCopy, kind)
	}
	if have := size - at - 8; length > have {
		return element{}, fmt.Errorf("%s: it claims %d bytes where %d are left", mendCopy, length, have)
	}
	return element{file: file, order: order, start: at + 8, size: length, compressed: kind == matCompressed}, nil
}

// deflateRatio is the largest ratio that DEFLATE reaches: 258 bytes for 2 bits.
const deflateRatio = 1032

// headBytes is a buffer for the head of most matrices. Values are read past it.
const headBytes = 256

// stream opens the element's matrix, behind its tag.
func (e element) stream() (*stream, error) {
	section := io.NewSectionReader(e.file, e.start, e.size)
	if !e.compressed {
		return &stream{r: bufio.NewReaderSize(section, headBytes), order: e.order, left: e.size}, nil
	}
	inflated, err := zlib.NewReader(bufio.NewReader(section))
	if err != nil {
		return nil, damaged(err)
	}
	s := &stream{r: inflated, order: e.order, left: 8, checked: true}
	tag, err := s.tag()
	if err != nil {
		return nil, err
	}
	if tag.kind != matMatrix {
		return nil, fmt.Errorf("%s: it holds an element of type %d, not a matrix", mendCopy, tag.kind)
	}
	if tag.size > deflateRatio*e.size {
		return nil, fmt.Errorf("%s: it claims %d bytes, more than %d compressed bytes can hold", mendCopy, tag.size, e.size)
	}
	s.left = tag.size
	return s, nil
}

// variable reads the head of the element's matrix.
func (e element) variable() (variable, error) {
	s, err := e.stream()
	if err != nil {
		return variable{}, err
	}
	v, err := s.head()
	v.element = e
	return v, err
}
