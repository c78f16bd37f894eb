package figure

import (
	"image/color"
	"math"
)

// The palette of Okabe & Ito.
var (
	blue   = color.NRGBA{0x00, 0x72, 0xb2, 0xff} // the standard loss
	orange = color.NRGBA{0xe6, 0x9f, 0x00, 0xff} // the K-loss
	others = []color.NRGBA{                      // further values of k
		{0xcc, 0x79, 0xa7, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
	}
	grey = color.NRGBA{0x80, 0x80, 0x80, 0xff}
	dark = color.NRGBA{0x40, 0x40, 0x40, 0xff} // the baselines
)

// colourOf returns the colour of a value of k. The position counts the values of
// k ≠ 0.
func colourOf(k float64, position int) color.NRGBA {
	switch {
	case k == 0:
		return blue
	case position == 0:
		return orange
	default:
		return others[(position-1)%len(others)]
	}
}

// pale mixes a share of a colour with white. Figures have only opaque colours,
// because programs render translucent ones differently.
func pale(c color.NRGBA, share float64) color.NRGBA {
	mix := func(to uint8) uint8 { return uint8(math.Round(255 + share*(float64(to)-255))) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// signedLog maps differences to [−1, 1] and 0 to 0. It is linear near 0, and
// logarithmic over the three decades below the largest magnitude.
type signedLog struct{ largest float64 }

func (s signedLog) smallest() float64 { return s.largest * 1e-3 }

func (s signedLog) scale(v float64) float64 {
	smallest := s.smallest()
	if smallest == 0 {
		return 0
	}
	return math.Copysign(math.Log1p(math.Abs(v)/smallest)/math.Log1p(s.largest/smallest), v)
}

// colour is white at 0, orange where the K-loss is better, blue where it is worse.
func (s signedLog) colour(v float64) color.NRGBA {
	u := s.scale(v)
	end := orange
	if u < 0 {
		end = blue
	}
	return pale(end, math.Abs(u))
}

// labelColour returns black or white, the one with the higher contrast to a
// background (WCAG 2.2, which defines contrast and relative luminance).
func labelColour(background color.NRGBA) color.Gray16 {
	if contrast(background, 0) > contrast(background, 1) {
		return color.Black
	}
	return color.White
}

// contrast returns the contrast ratio, from 1 to 21, of a colour and a luminance.
func contrast(c color.NRGBA, luminance float64) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	own := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	return (max(own, luminance) + 0.05) / (min(own, luminance) + 0.05)
}
