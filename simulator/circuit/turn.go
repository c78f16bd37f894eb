package circuit

import "math"

// turn is an angle as a point of the unit circle.
type turn struct{ sin, cos float64 }

// farAngle is where quarter turns are no longer counted exactly enough.
const farAngle = 1 << 30

// setTurns fills dst with the turns of angles, as phases does in float32 and as
// exactly as float32 tables need it: by the same polynomials, and where angles are
// of any reasonable size without a branch on their values.
func setTurns(dst []turn, angles []float64) {
	for i, x := range angles {
		if !(math.Abs(x) < farAngle) {
			s, c := math.Sincos(x)
			dst[i] = turn{s, c}
			continue
		}
		quarters := x * (2 / math.Pi)
		rounded := quarters + toInteger
		n := math.Float64bits(rounded)
		a := (quarters - (rounded - toInteger)) * (math.Pi / 2)
		aa := a * a
		s := math.Float64bits(a + a*aa*(sin1+aa*(sin2+aa*sin3)))
		c := math.Float64bits(1 + aa*(cos1+aa*(cos2+aa*(cos3+aa*cos4))))
		swap := (s ^ c) & -(n & 1)
		dst[i] = turn{math.Float64frombits(s ^ swap ^ n&2<<62), math.Float64frombits(c ^ swap ^ (n+1)&2<<62)}
	}
}
