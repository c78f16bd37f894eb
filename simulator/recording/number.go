package recording

import (
	"encoding/binary"
	"math"
)

// number is how a file stores one number.
type number struct {
	width int                  // bytes
	value func([]byte) float64 // of the first width bytes
}

// kind is what a stored number is.
type kind byte

const (
	signed   kind = 'i'
	unsigned kind = 'u'
	float    kind = 'f'
)

// newNumber returns how a number of that kind and width is read; ok is false
// if there is none.
func newNumber(k kind, width int, order binary.ByteOrder) (n number, ok bool) {
	var value func([]byte) float64
	switch {
	case k == unsigned && width == 1:
		value = func(b []byte) float64 { return float64(b[0]) }
	case k == unsigned && width == 2:
		value = func(b []byte) float64 { return float64(order.Uint16(b)) }
	case k == unsigned && width == 4:
		value = func(b []byte) float64 { return float64(order.Uint32(b)) }
	case k == unsigned && width == 8:
		value = func(b []byte) float64 { return float64(order.Uint64(b)) }
	case k == signed && width == 1:
		value = func(b []byte) float64 { return float64(int8(b[0])) }
	case k == signed && width == 2:
		value = func(b []byte) float64 { return float64(int16(order.Uint16(b))) }
	case k == signed && width == 4:
		value = func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case k == signed && width == 8:
		value = func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case k == float && width == 4:
		value = func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case k == float && width == 8:
		value = func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	default:
		return number{}, false
	}
	return number{width: width, value: value}, true
}
