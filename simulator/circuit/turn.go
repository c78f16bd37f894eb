package circuit

import "math"

// turn is an angle as a point of the unit circle.
type turn struct{ sin, cos float64 }

// Coefficients of Taylor's series in x², to 2e-14 and 4e-13 for |x| ≤ π/4: tables
// are float32.
const (
	sine3, sine5, sine7       = -1.0 / 6, 1.0 / 120, -1.0 / 5040
	sine9, sine11, sine13     = 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800
	cosine2, cosine4, cosine6 = -1.0 / 2, 1.0 / 24, -1.0 / 720
	cosine8, cosine10         = 1.0 / 40320, -1.0 / 3628800
	cosine12                  = 1.0 / 479001600
)

// farAngle is where quarter turns are no longer counted exactly enough.
const farAngle = 1 << 30

// setTurns fills dst with the turns of angles, without a branch on their values
// where they are of any reasonable size, as phases does in float32.
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
		s := math.Float64bits(a + a*aa*(sine3+aa*(sine5+aa*(sine7+aa*(sine9+aa*(sine11+aa*sine13))))))
		c := math.Float64bits(1 + aa*(cosine2+aa*(cosine4+aa*(cosine6+aa*(cosine8+aa*(cosine10+aa*cosine12))))))
		swap := (s ^ c) & -(n & 1)
		dst[i] = turn{math.Float64frombits(s ^ swap ^ n&2<<62), math.Float64frombits(c ^ swap ^ (n+1)&2<<62)}
	}
}
