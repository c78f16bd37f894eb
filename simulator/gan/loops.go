package gan

import "spiqsweep/simulator/circuit"

// lanes is the number of samples side by side and the unit of padding.
const lanes = circuit.Lanes

type laneRow = [lanes]float32

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
		b := float32(0)
		if v > 0 {
			b = share * second[h]
			gradientSecond[h] += share * v
		}
		back[h] = b
		gradientBias[h] += b
	}
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

// shiftRows fills dst[h][lane] = base[h][lane] + shift[h].
func shiftRows(dst, base, shift []float32) {
	for h, s := range shift {
		d, b := (*laneRow)(dst[h*lanes:]), (*laneRow)(base[h*lanes:])
		for l := range d {
			d[l] = b[l] + s
		}
	}
}

// enumerate fills dst[x][lane] = Σ_h second[h]·max(0, base[h][lane] + table[x][h])
// for as many words x as dst has rows. It is the hot loop of the local gradient.
func enumerate(dst, base, table, second []float32) {
	stride := len(second)
	for x := 0; x < len(dst)/lanes; x++ {
		var sum laneRow
		for h, t := range table[x*stride:][:stride] {
			b, w := (*laneRow)(base[h*lanes:]), second[h]
			for l := range sum {
				sum[l] += w * max(b[l]+t, 0)
			}
		}
		*(*laneRow)(dst[x*lanes:]) = sum
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
