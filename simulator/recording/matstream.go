package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// stream reads the parts of a matrix one after the other.
type stream struct {
	r       io.Reader
	order   binary.ByteOrder
	left    int64 // bytes of the matrix still to be read
	checked bool  // r ends with a checksum of its own
}

// Read reads no further than the end of the matrix.
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}

// end reads the rest of the matrix, so that the checksum is compared.
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
		return fmt.Errorf("%s: there are more bytes than its tag says", mendCopy)
	case !errors.Is(err, io.EOF):
		return damaged(err)
	}
	return nil
}

// tag is the type and the size in bytes of a part.
type tag struct {
	kind  uint32
	size  int64
	small bool // at most 4 bytes, which stand within the tag
}

func (s *stream) tag() (tag, error) {
	var word [4]byte
	if _, err := io.ReadFull(s, word[:]); err != nil {
		return tag{}, damaged(err)
	}
	first := s.order.Uint32(word[:])
	if size := first >> 16; size != 0 {
		if size > 4 {
			return tag{}, fmt.Errorf("%s: a short element claims %d bytes", mendCopy, size)
		}
		return tag{kind: first & 0xffff, size: int64(size), small: true}, nil
	}
	if _, err := io.ReadFull(s, word[:]); err != nil {
		return tag{}, damaged(err)
	}
	return tag{kind: first, size: int64(s.order.Uint32(word[:]))}, nil
}

// part reads a whole part of at most maxBytes bytes with its padding.
func (s *stream) part(maxBytes int64) (tag, []byte, error) {
	t, err := s.tag()
	if err != nil {
		return tag{}, nil, err
	}
	if t.size > maxBytes {
		return tag{}, nil, fmt.Errorf("%s: a part of the head claims %d bytes", mendCopy, t.size)
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
