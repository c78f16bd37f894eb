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
	var header zstd.Header
	if err := header.Decode(body); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	size := header.FrameContentSize
	if !header.HasFCS {
		size = uint64(min(small, *b))
	}
	if header.Skippable || size > uint64(*b) {
		return nil, fmt.Errorf("unpack: %d bytes: at most %d are accepted", size, *b)
	}
	*b -= Budget(size)
	unpacked, err := unpacker.DecodeAll(body, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return unpacked, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // constant options
	}
	return value
}
