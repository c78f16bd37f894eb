package wire

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// MaxUnpackedBytes bounds what the bodies of one message unpack to, together.
const MaxUnpackedBytes = 64 << 20

// packer and unpacker keep no state between calls and may be used at once.
var (
	packer   = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)))
	unpacker = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true)))
)

// Pack compresses a body.
func Pack(body []byte) []byte { return packer.EncodeAll(body, nil) }

// Unpack undoes Pack. It refuses what would become larger than the budget, in
// bytes, before it does.
func Unpack(body []byte, budget int) ([]byte, error) {
	b := Budget(budget)
	return b.Unpack(body)
}

// Budget is how many bytes the bodies of a message may still unpack to.
type Budget int

// small is what a body unpacks to at most that says nothing of its size: Pack
// is silent below.
const small = 256

// Unpack undoes Pack. Each body says how large it will be, as those of Pack do,
// and is charged for that first: to lie costs the budget, and never more. A body
// that asks for more than is left costs nothing.
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

// UnpackedSize is what a body unpacks to if Unpack accepts it; else 0.
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
		size = uint64(min(small, limit))
	}
	if header.Skippable || size > uint64(limit) {
		return 0, fmt.Errorf("%d bytes: at most %d are accepted", size, limit)
	}
	return size, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // constant options
	}
	return value
}
