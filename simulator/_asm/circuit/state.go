package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

func (v kernel) rotate(bits int) {
	v.Function(fmt.Sprintf("rotate%d", bits), "func(p, t []float32, "+spanParam+")")
	p, t, m := Pointer("p"), v.tangents(bits), apart(bits)
	span([]reg.Register{p}, func(cursors []reg.Register) {
		rows := m.From(cursors[0], 1<<bits)
		for part := 0; part < rowBytes; part += v.Bytes {
			var x []reg.VecVirtual
			for _, row := range rows {
				x = append(x, v.Load(row.Offset(part)))
			}
			v.turn(x, t)
			for i, row := range rows {
				VMOVUPS(x[i], row.Offset(part))
			}
		}
	})
	v.Ret()
}

// tangents loads the tangents of so many bits.
func (v kernel) tangents(bits int) (t []reg.VecVirtual) {
	from := Pointer("t")
	for d := range bits {
		t = append(t, v.Broadcast(At(from).Offset(4*d)))
	}
	return t
}

// turn rotates the bits of the index of x, the lowest first.
func (v kernel) turn(x, tangents []reg.VecVirtual) {
	for d, t := range tangents {
		for i := range x {
			if i>>d&1 == 0 {
				a, b, a0 := x[i], x[i|1<<d], v.Register()
				VMOVAPS(a, a0)
				VFNMADD231PS(t, b, a)
				VFMADD231PS(t, a0, b)
			}
		}
	}
}

const gatherSignature = "func(dst, src, phases []float32, from []int32)"

func (v kernel) gather() {
	v.Function("gather", gatherSignature)
	dst, src, phases, from, n := Pointer("dst"), Pointer("src"), Pointer("phases"), Pointer("from"), Length("from")
	Loop(n, func() {
		x := rowNumber(At(from), rowBytes)
		v.parts(func(part int) {
			v.storeComplex(v.times(v.loadComplex(At(phases), part), v.loadComplex(Indexed(src, x, 1), part)), At(dst), part)
		})
		Advance(rowBytes, dst, phases)
		Advance(4, from)
	})
	v.Ret()
}

// fusedBits is the number of bits that gatherRotate rotates: 2^fusedBits rows fit the registers of
// AVX-512.
const fusedBits = 3

func (v kernel) gatherRotate() {
	v.Function("gatherRotate", "func(dst, src, phases []float32, from []int32, t []float32)")
	phases := Pointer("phases")
	v.gatherAndRotate(func(i int) complexValue { return v.loadComplex(At(phases).Offset(i*rowBytes), 0) },
		func() { Advance(rowBytes<<fusedBits, phases) })
}

func (v kernel) gatherBlockRotate() {
	v.Function("gatherBlockRotate", "func(dst, src, phases, phase []float32, from []int32, t []float32)")
	phases, common := Pointer("phases"), v.common()[0]
	v.gatherAndRotate(func(i int) complexValue { return v.times(common, v.loadComplex(At(phases).Offset(i*rowBytes), 0)) },
		func() { Advance(rowBytes<<fusedBits, phases) })
}

func (v kernel) scaleGatherRotate() {
	v.Function("scaleGatherRotate", "func(dst, src, noise, scalars []float32, noiseFrom, from []int32, t []float32)")
	noise, scalars, noiseFrom := Pointer("noise"), Pointer("scalars"), Pointer("noiseFrom")
	v.gatherAndRotate(func(i int) complexValue {
		z := rowNumber(At(noiseFrom).Offset(4*i), rowBytes)
		s := complexValue{v.Broadcast(At(scalars).Offset(8 * i)), v.Broadcast(At(scalars).Offset(8*i + 4))}
		return v.times(v.loadComplex(Indexed(noise, z, 1), 0), s)
	}, func() {
		Advance(8<<fusedBits, scalars)
		Advance(4<<fusedBits, noiseFrom)
	})
}

// gatherAndRotate keeps 2^fusedBits rows in registers between the gather and the rotation. phase
// gives the phase of row i of these, and next moves on to the next ones.
func (v kernel) gatherAndRotate(phase func(i int) complexValue, next func()) {
	dst, src, from, n, t := Pointer("dst"), Pointer("src"), Pointer("from"), Length("from"), v.tangents(fusedBits)
	SHRQ(U8(fusedBits), n)
	Loop(n, func() {
		var re, im []reg.VecVirtual
		for i := range 1 << fusedBits {
			x := rowNumber(At(from).Offset(4*i), rowBytes)
			c := v.times(phase(i), v.loadComplex(Indexed(src, x, 1), 0))
			re, im = append(re, c.re), append(im, c.im)
		}
		v.turn(re, t)
		v.turn(im, t)
		for i := range re {
			v.storeComplex(complexValue{re[i], im[i]}, At(dst).Offset(i*rowBytes), 0)
		}
		Advance(rowBytes<<fusedBits, dst)
		Advance(4<<fusedBits, from)
		next()
	})
	v.Ret()
}

func (v kernel) gatherAdjoint() {
	v.Function("gatherAdjoint", gatherSignature)
	dst, src, phases, from, n := Pointer("dst"), Pointer("src"), Pointer("phases"), Pointer("from"), Length("from")
	Loop(n, func() {
		y := rowNumber(At(from), rowBytes)
		v.parts(func(part int) {
			v.storeComplex(v.timesConj(v.loadComplex(At(src), part), v.loadComplex(At(phases), part)), Indexed(dst, y, 1), part)
		})
		Advance(rowBytes, src, phases)
		Advance(4, from)
	})
	v.Ret()
}

const gatherBlockSignature = "func(dst, src, phases, phase []float32, from []int32)"

// common loads the common phase of all rows of a block, by part.
func (v kernel) common() map[int]complexValue {
	phase, c := Pointer("phase"), map[int]complexValue{}
	v.parts(func(part int) { c[part] = v.loadComplex(At(phase), part) })
	return c
}

func (v kernel) gatherBlock() {
	v.Function("gatherBlock", gatherBlockSignature)
	dst, src, phases, from, n := Pointer("dst"), Pointer("src"), Pointer("phases"), Pointer("from"), Length("from")
	phase := v.common()
	Loop(n, func() {
		x := rowNumber(At(from), rowBytes)
		v.parts(func(part int) {
			w := v.times(phase[part], v.loadComplex(At(phases), part))
			v.storeComplex(v.times(w, v.loadComplex(Indexed(src, x, 1), part)), At(dst), part)
		})
		Advance(rowBytes, dst, phases)
		Advance(4, from)
	})
	v.Ret()
}

func (v kernel) gatherBlockAdjoint() {
	v.Function("gatherBlockAdjoint", gatherBlockSignature)
	dst, src, phases, from, n := Pointer("dst"), Pointer("src"), Pointer("phases"), Pointer("from"), Length("from")
	phase := v.common()
	Loop(n, func() {
		y := rowNumber(At(from), rowBytes)
		v.parts(func(part int) {
			w := v.times(phase[part], v.loadComplex(At(phases), part))
			v.storeComplex(v.timesConj(v.loadComplex(At(src), part), w), Indexed(dst, y, 1), part)
		})
		Advance(rowBytes, src, phases)
		Advance(4, from)
	})
	v.Ret()
}

func (v kernel) join() {
	v.Function("join", "func(dst, low, high []float32, blocks, rows, stride, odd int)")
	dst, low, high, blocks := Pointer("dst"), Pointer("low"), Pointer("high"), Number("blocks")
	stride, odd := rowsOf("stride"), rowsOf("odd")
	Loop(blocks, func() {
		v.parts(func(part int) {
			g, h := v.loadComplex(At(high), part), v.loadComplex(Indexed(high, odd, 1), part)
			l, y := Copy(low), Copy(dst)
			Loop(Number("rows"), func() {
				sum := v.times(v.loadComplex(At(l), part), g)
				addTimes(sum, v.loadComplex(Indexed(l, odd, 1), part), h)
				v.storeComplex(sum, At(y), part)
				Advance(rowBytes, l, y)
			})
		})
		Advance(rowBytes, high)
		ADDQ(stride, dst)
	})
	v.Ret()
}

func (v kernel) contract() {
	v.Function("contract", "func(pulledLow, pulledHigh, l, low, high []float32, blocks, rows, stride, odd int)")
	pulledLow, pulledHigh, l := Pointer("pulledLow"), Pointer("pulledHigh"), Pointer("l")
	low, high, blocks := Pointer("low"), Pointer("high"), Number("blocks")
	stride, odd := rowsOf("stride"), rowsOf("odd")
	Loop(blocks, func() {
		v.parts(func(part int) {
			h := []complexValue{v.loadComplex(At(high), part), v.loadComplex(Indexed(high, odd, 1), part)}
			sums := []complexValue{v.zeroComplex(), v.zeroComplex()}
			x, b, y := Copy(l), Copy(low), Copy(pulledLow)
			Loop(Number("rows"), func() {
				a := v.loadComplex(At(x), part)
				for i, at0 := range []func(reg.Register) Mem{At, func(p reg.Register) Mem { return Indexed(p, odd, 1) }} {
					pulled := v.loadComplex(at0(y), part)
					addTimesConj(pulled, a, h[i])
					v.storeComplex(pulled, at0(y), part)
					addTimesConj(sums[i], a, v.loadComplex(at0(b), part))
				}
				Advance(rowBytes, x, b, y)
			})
			for i, m := range []Mem{At(pulledHigh), Indexed(pulledHigh, odd, 1)} {
				AddTo(m.Offset(part), sums[i].re)
				AddTo(m.Offset(part+halfBytes), sums[i].im)
			}
		})
		Advance(rowBytes, high, pulledHigh)
		ADDQ(stride, l)
	})
	v.Ret()
}
