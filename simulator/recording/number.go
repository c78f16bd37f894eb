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

// newNumber returns how a number is read. The code is numpy's: u, i or f for
// unsigned, signed or floating, and the width in bytes; ok is false if there is
// no such number.
func newNumber(code string, order binary.ByteOrder) (n number, ok bool) {
	n, ok = map[string]number{
		"u1": {1, func(b []byte) float64 { return float64(b[0]) }},
		"u2": {2, func(b []byte) float64 { return float64(order.Uint16(b)) }},
		"u4": {4, func(b []byte) float64 { return float64(order.Uint32(b)) }},
		"u8": {8, func(b []byte) float64 { return float64(order.Uint64(b)) }},
		"i1": {1, func(b []byte) float64 { return float64(int8(b[0])) }},
		"i2": {2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }},
		"i4": {4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }},
		"i8": {8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }},
		"f4": {4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }},
		"f8": {8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }},
	}[code]
	return n, ok
}
