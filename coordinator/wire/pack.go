package wire

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// MaxUnpackedBytes bounds what the bodies of one message unpack to, together.
const MaxUnpackedBytes = 64 << 20

// packer and unpacker keep no state between calls and may be used at once.
var (
	packer   = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)))
	unpacker = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxUnpackedBytes)))
)

// Pack compresses a body.
func Pack(body []byte) []byte { return packer.EncodeAll(body, nil) }

// Unpack undoes Pack. It refuses what would become larger than the budget, in
// bytes, before it does.
func Unpack(body []byte, budget int) ([]byte, error) {
	var header zstd.Header
	if err := header.Decode(body); err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if header.HasFCS && header.FrameContentSize > uint64(budget) {
		return nil, fmt.Errorf("unpack: %d bytes: at most %d are accepted", header.FrameContentSize, budget)
	}
	unpacked, err := unpacker.DecodeAll(body, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || len(unpacked) > budget {
		return nil, fmt.Errorf("unpack: at most %d bytes are accepted", budget)
	}
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
