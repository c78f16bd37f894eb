package recording

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// The encoding of a raster, little-endian:
//
//	magic "spiqraster/1"
//	bin width in ms, float64
//	neurons, repeats, bins, uint32 each                     ┐ what Digest
//	one plane of ⌈repeats·bins/8⌉ bytes per neuron, padded  ┘ covers
//	with zero bits; bit repeat·bins + bin
//	the neuron IDs, uint32 each
const (
	magic       = "spiqraster/1"
	shapeBytes  = 3 * 4
	prefixBytes = len(magic) + 8
)

// MarshalBinary encodes the raster: bin width, shape, packed bits and neuron
// IDs. It fails if a field is out of range.
func (r *Raster) MarshalBinary() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("encode raster: %w", err)
	}
	data := append(make([]byte, 0, prefixBytes+r.contentBytes()+4*r.Neurons), magic...)
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(r.BinMS))
	data = r.appendContent(data)
	for _, id := range r.NeuronIDs {
		data = binary.LittleEndian.AppendUint32(data, uint32(id))
	}
	return data, nil
}

// Digest returns the SHA-256, in lower-case hexadecimal, of the shape and the
// bits. It excludes the neuron IDs and the bin width: equal bits are equal data.
func (r *Raster) Digest() string {
	sum := sha256.Sum256(r.appendContent(make([]byte, 0, r.contentBytes())))
	return hex.EncodeToString(sum[:])
}

// UnmarshalBinary decodes the output of MarshalBinary and rejects everything
// else, missing and surplus bytes included. It leaves r unchanged if it fails.
func (r *Raster) UnmarshalBinary(data []byte) error {
	decoded, err := decode(data)
	if err != nil {
		return fmt.Errorf("decode raster of %d bytes: %w", len(data), err)
	}
	*r = decoded
	return nil
}

func decode(data []byte) (Raster, error) {
	if len(data) < prefixBytes+shapeBytes || string(data[:len(magic)]) != magic {
		return Raster{}, fmt.Errorf("it does not begin as %q does", magic)
	}
	r := Raster{
		BinMS:   math.Float64frombits(binary.LittleEndian.Uint64(data[len(magic):])),
		Neurons: int(int32(binary.LittleEndian.Uint32(data[prefixBytes:]))),
		Repeats: int(int32(binary.LittleEndian.Uint32(data[prefixBytes+4:]))),
		Bins:    int(int32(binary.LittleEndian.Uint32(data[prefixBytes+8:]))),
	}
	if err := r.checkShape(); err != nil {
		return Raster{}, err
	}
	if want := prefixBytes + r.contentBytes() + 4*r.Neurons; len(data) != want {
		return Raster{}, fmt.Errorf("%d neurons × %d repeats × %d bins take %d bytes", r.Neurons, r.Repeats, r.Bins, want)
	}
	planes := data[prefixBytes+shapeBytes:]
	r.Words = make([]uint32, r.Repeats*r.Bins)
	for q := range r.Neurons {
		plane := planes[q*r.planeBytes() : (q+1)*r.planeBytes()]
		for i := range r.Words {
			r.Words[i] |= uint32(plane[i/8]>>(i%8)&1) << q
		}
		if used := len(r.Words) % 8; used != 0 && plane[len(plane)-1]>>used != 0 {
			return Raster{}, fmt.Errorf("neuron %d has spikes beyond the last bin", q)
		}
	}
	r.NeuronIDs = make([]int, r.Neurons)
	for q := range r.NeuronIDs {
		r.NeuronIDs[q] = int(int32(binary.LittleEndian.Uint32(planes[r.Neurons*r.planeBytes()+4*q:])))
	}
	return r, r.check()
}

// appendContent appends the shape and the planes.
func (r *Raster) appendContent(data []byte) []byte {
	for _, size := range [...]int{r.Neurons, r.Repeats, r.Bins} {
		data = binary.LittleEndian.AppendUint32(data, uint32(size))
	}
	for q := range r.Neurons {
		plane := make([]byte, r.planeBytes())
		for i, word := range r.Words {
			plane[i/8] |= byte(word>>q&1) << (i % 8)
		}
		data = append(data, plane...)
	}
	return data
}

func (r *Raster) planeBytes() int   { return (r.Repeats*r.Bins + 7) / 8 }
func (r *Raster) contentBytes() int { return shapeBytes + r.Neurons*r.planeBytes() }

func (r *Raster) checkShape() error {
	switch {
	case r.Neurons < 1 || r.Neurons > MaxNeurons:
		return fmt.Errorf("%d neurons: want 1 to %d", r.Neurons, MaxNeurons)
	case r.Repeats < 1 || r.Bins < 1 || r.Repeats > maxWords/r.Bins:
		return fmt.Errorf("%d repeats × %d bins: want at least 1 and at most %d in all", r.Repeats, r.Bins, maxWords)
	case !(r.BinMS > 0) || math.IsInf(r.BinMS, 1):
		return fmt.Errorf("bins of %v ms: want a positive number", r.BinMS)
	}
	return nil
}

func (r *Raster) check() error {
	if err := r.checkShape(); err != nil {
		return err
	}
	if len(r.Words) != r.Repeats*r.Bins {
		return fmt.Errorf("%d words for %d repeats × %d bins", len(r.Words), r.Repeats, r.Bins)
	}
	for i, word := range r.Words {
		if word>>r.Neurons != 0 {
			return fmt.Errorf("word %d (%#x) has a spike of a neuron above %d", i, word, r.Neurons-1)
		}
	}
	if len(r.NeuronIDs) != r.Neurons {
		return fmt.Errorf("%d neuron IDs for %d neurons", len(r.NeuronIDs), r.Neurons)
	}
	for _, id := range r.NeuronIDs {
		if id < 0 || id > math.MaxInt32 {
			return fmt.Errorf("neuron ID %d: want 0 to %d", id, math.MaxInt32)
		}
	}
	return nil
}
