package recording

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
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
	start      int64 // offset of the content, after the tag
	size       int64
	compressed bool
}

// matElement reads the tag at offset at of a file of size bytes.
func matElement(file io.ReaderAt, at, size int64, order binary.ByteOrder) (element, error) {
	var tag [8]byte
	if _, err := file.ReadAt(tag[:], at); err != nil {
		return element{}, damaged(err)
	}
	kind, length := order.Uint32(tag[:]), int64(order.Uint32(tag[4:]))
	if kind != matMatrix && kind != matCompressed {
		return element{}, fmt.Errorf("%s: its type is %d, neither a matrix nor a compressed one", fixCopy, kind)
	}
	if have := size - at - 8; length > have {
		return element{}, fmt.Errorf("%s: it claims %d bytes where %d are left", fixCopy, length, have)
	}
	return element{file: file, order: order, start: at + 8, size: length, compressed: kind == matCompressed}, nil
}

// deflateRatio is the largest ratio of DEFLATE: 258 bytes for 2 bits.
const deflateRatio = 1032

// headBytes is the size of a read buffer that holds the head of most matrices.
// Reads of values bypass it.
const headBytes = 256

// stream returns a reader of the element's matrix, positioned after its tag.
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
		return nil, fmt.Errorf("%s: it holds an element of type %d, not a matrix", fixCopy, tag.kind)
	}
	if tag.size > deflateRatio*e.size {
		return nil, fmt.Errorf("%s: it claims %d bytes, more than %d compressed bytes can hold", fixCopy, tag.size, e.size)
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

// stream reads the parts of a matrix in sequence.
type stream struct {
	r       io.Reader
	order   binary.ByteOrder
	left    int64 // bytes of the matrix still to be read
	checked bool  // r ends with a checksum
}

// Read reads up to the end of the matrix.
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}

// end reads the rest of the matrix, so that the checksum is verified.
func (s *stream) end() error {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return damaged(err)
	}
	if s.left > 0 {
		return damaged(io.ErrUnexpectedEOF)
	}
	if !s.checked {
		return nil
	}
	var beyond [1]byte
	switch n, err := io.ReadFull(s.r, beyond[:]); {
	case n > 0:
		return fmt.Errorf("%s: there are more bytes than its tag says", fixCopy)
	case !errors.Is(err, io.EOF):
		return damaged(err)
	}
	return nil
}

// tag is the type and the size in bytes of a part.
type tag struct {
	kind  uint32
	size  int64
	small bool // the data, at most 4 bytes, is stored inside the tag
}

func (s *stream) tag() (tag, error) {
	var word [4]byte
	if _, err := io.ReadFull(s, word[:]); err != nil {
		return tag{}, damaged(err)
	}
	first := s.order.Uint32(word[:])
	if size := first >> 16; size != 0 {
		if size > 4 {
			return tag{}, fmt.Errorf("%s: a short element claims %d bytes", fixCopy, size)
		}
		return tag{kind: first & 0xffff, size: int64(size), small: true}, nil
	}
	if _, err := io.ReadFull(s, word[:]); err != nil {
		return tag{}, damaged(err)
	}
	return tag{kind: first, size: int64(s.order.Uint32(word[:]))}, nil
}

// part reads a whole part of at most maxBytes bytes, and skips its padding.
func (s *stream) part(maxBytes int64) (tag, []byte, error) {
	t, err := s.tag()
	if err != nil {
		return tag{}, nil, err
	}
	if t.size > maxBytes {
		return tag{}, nil, fmt.Errorf("%s: a part of the head claims %d bytes", fixCopy, t.size)
	}
	padded := (t.size + 7) &^ 7
	if t.small {
		padded = 4
	}
	data := make([]byte, padded)
	if _, err := io.ReadFull(s, data); err != nil {
		return tag{}, nil, damaged(err)
	}
	return t, data[:t.size], nil
}
