package gan

import (
	"math"

	"spiqsweep/simulator/circuit"
)

// lanes is the number of samples side by side and the unit of padding.
const lanes = circuit.Lanes

type laneRow = [lanes]float32

// mask has all bits set where v > 0, and none elsewhere. Whether a unit is on
// is a coin toss: a branch would be mispredicted half of the time.
func mask(v float32) uint32 { return uint32(int32(math.Float32bits(0-v)) >> 31) }

// masked is v where the mask is set, and 0 elsewhere.
func masked(v float32, mask uint32) float32 {
	return math.Float32frombits(math.Float32bits(v) & mask)
}

// addRow adds src to dst, element by element.
func addRow(dst, src []float32) {
	src = src[:len(dst)]
	for h, v := range src {
		dst[h] += v
	}
}

// addScaledRow adds scale·src to dst, element by element.
func addScaledRow(dst, src []float32, scale float32) {
	src = src[:len(dst)]
	for h, v := range src {
		dst[h] += scale * v
	}
}

// backRow fills back[h] with ∂(share·C)/∂preactivation[h] and adds the
// gradients of the second layer and of the bias.
func backRow(back, preactivation, second, gradientSecond, gradientBias []float32, share float32) {
	n := len(back)
	preactivation, second = preactivation[:n], second[:n]
	gradientSecond, gradientBias = gradientSecond[:n], gradientBias[:n]
	for h, v := range preactivation {
		on := mask(v)
		b := masked(share*second[h], on)
		back[h] = b
		gradientSecond[h] += masked(share*v, on)
		gradientBias[h] += b
	}
}

// switchRow says which units are on between two pre-activations: on[h] is 1
// and active[h][0] is second[h] where u·a[h] + (1−u)·b[h] > 0, else both are 0.
func switchRow(on, active, a, b, second []float32, u float32) {
	n := len(on)
	a, b, second = a[:n], b[:n], second[:n]
	for h := range on {
		m := mask(u*a[h] + (1-u)*b[h])
		on[h] = masked(1, m)
		active[h*lanes] = masked(second[h], m)
	}
}

// sortUnits sorts the units of a sample by what they are over all outcomes of a
// patch, which add between least[h] and most[h] to base[h]: active[h][0] is
// −second[h] for those that are always on, else 0; those that are on for some
// outcomes only are listed in between, and their number is returned.
func sortUnits(active []float32, between []int, base, least, most, second []float32) int {
	n := len(base)
	between, least, most, second = between[:n], least[:n], most[:n], second[:n]
	units := 0
	for h, v := range base {
		someOff, someOn := mask(-(v + least[h])), mask(v+most[h])
		active[h*lanes] = masked(-second[h], ^someOff)
		between[units] = h
		units += int(someOff & someOn & 1)
	}
	return units
}

// inputSlopes fills dst[input][lane] = Σ_h first[input][h]·active[h][lane]:
// the gradient of the critic with respect to its inputs, where active is the
// second layer's weight of the units that are on in a lane, and 0 otherwise.
func inputSlopes(dst, first, active []float32) {
	stride := len(active) / lanes
	for i := 0; i < len(dst)/lanes; i++ {
		var sum laneRow
		for h, w := range first[i*stride:][:stride] {
			a := (*laneRow)(active[h*lanes:])
			for l := range sum {
				sum[l] += w * a[l]
			}
		}
		*(*laneRow)(dst[i*lanes:]) = sum
	}
}

// enumerate adds Σ_u second[u]·max(0, shifts[u][r] + lows[u][x]) to dst[r][x],
// for as many rows r of lanes as dst has. It is the hot loop of the local gradient.
func enumerate(dst, shifts, lows, second []float32) {
	rows := len(dst) / lanes
	for r := range rows {
		sum := (*laneRow)(dst[r*lanes:])
		for u, w := range second {
			low, shift := (*laneRow)(lows[u*lanes:]), shifts[u*rows+r]
			for x := range sum {
				sum[x] += w * max(shift+low[x], 0)
			}
		}
	}
}

// transpose fills dst[x][lane] from src[lane][x], whose rows may be longer than
// dst has words.
func transpose(dst, src []float32) {
	stride := len(src) / lanes
	for x := 0; x < len(dst)/lanes; x++ {
		row := (*laneRow)(dst[x*lanes:])
		for l := range row {
			row[l] = src[l*stride+x]
		}
	}
}

// spreadSlopes adds the gradient of Σ_lanes (slope vector · its own gradient)
// for the slopes of inputSlopes, scaled by the caller: with r[h] =
// Σ_lanes slopes[i][lane]·on[lane][h] for every input i,
//
//	gradientFirst[i][h] += r[h]·second[h]        gradientSecond[h] += r[h]·first[i][h]
//
// on[lane][h] is 1 where a unit is on and 0 otherwise; row is work space, [stride].
func spreadSlopes(gradientFirst, gradientSecond, first, second, slopes, on, row []float32) {
	n := len(row)
	second, gradientSecond = second[:n], gradientSecond[:n]
	for i := 0; i < len(slopes)/lanes; i++ {
		clear(row)
		for l, slope := range (*laneRow)(slopes[i*lanes:]) {
			if slope != 0 {
				addScaledRow(row, on[l*n:], slope)
			}
		}
		w, g := first[i*n:][:n], gradientFirst[i*n:][:n]
		for h, r := range row {
			g[h] += r * second[h]
			gradientSecond[h] += r * w[h]
		}
	}
}
