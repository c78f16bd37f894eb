package protocol

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// MaxUnpackedBytes bounds the total decompressed size of the bodies of one message. It
// exceeds any recording, of at most 20 neurons and 2²⁴ bins.
const MaxUnpackedBytes = 64 << 20

// packer and unpacker are stateless and safe for concurrent use.
var (
	packer   = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)))
	unpacker = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true)))
)

// IsPacked reports whether a body is compressed, by its first bytes. JSON never begins like that.
func IsPacked(body []byte) bool { return bytes.HasPrefix(body, []byte("\x28\xb5\x2f\xfd")) }

// Pack compresses a body with zstd, with its size in the frame header.
func Pack(body []byte) []byte { return packer.EncodeAll(body, nil) }

// Unpack decompresses a body made by Pack. It returns an error, without decompressing,
// if the result would exceed budget bytes.
func Unpack(body []byte, budget int) ([]byte, error) {
	b := Budget(budget)
	return b.Unpack(body)
}

// Budget is the number of bytes that the bodies of a message may still unpack to.
type Budget int

// minHeaderSize is the size from which on Pack states the size of a body. A smaller body
// is charged as this.
const minHeaderSize = 256

// Unpack decompresses a body and reduces the budget by the size that its header states,
// whether or not the body keeps to it. A body that states more than the budget is rejected
// and charged nothing.
func (b *Budget) Unpack(body []byte) ([]byte, error) {
	size, err := unpackedSize(body, *b)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	*b -= Budget(size)
	unpacked, err := unpacker.DecodeAll(body, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return unpacked, nil
}

// UnpackedSize returns the size that Unpack charges for a body; 0 if Unpack would reject it.
func UnpackedSize(body []byte) int {
	size, err := unpackedSize(body, MaxUnpackedBytes)
	if err != nil {
		return 0
	}
	return int(size)
}

func unpackedSize(body []byte, limit Budget) (size uint64, err error) {
	var header zstd.Header
	if err := header.Decode(body); err != nil {
		return 0, err
	}
	size = header.FrameContentSize
	if !header.HasFCS {
		size = uint64(min(minHeaderSize, limit))
	}
	if header.Skippable || size > uint64(limit) {
		return 0, fmt.Errorf("%d bytes: at most %d are accepted", size, limit)
	}
	return size, nil
}

// must returns the value of a call with constant arguments, which cannot fail.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
