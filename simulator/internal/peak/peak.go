package peak

// Loop is one implementation of the multiply-adds.
type Loop struct {
	Name string // name of the kernels with these instructions: "avx512", "avx2" or "portable"
	// Width is the number of independent numbers. A round is one multiply-add of each.
	Width int
	run   func(dst []float32, rounds int)
}

// Loops lists the loops of this machine, fastest first.
func Loops() []Loop { return append(assemblyLoops(), Loop{"portable", 8, halve}) }

// Halve replaces each of the Width numbers x of dst by x/2 + 1, rounds times.
func (l Loop) Halve(dst []float32, rounds int) {
	_ = dst[:l.Width]
	l.run(dst, rounds)
}

// halve works on eight numbers with plain multiplications and additions, like the
// portable kernels.
func halve(dst []float32, rounds int) {
	x := (*[8]float32)(dst)
	a, b, c, d, e, f, g, h := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
	for range rounds {
		a, b, c, d = a*0.5+1, b*0.5+1, c*0.5+1, d*0.5+1
		e, f, g, h = e*0.5+1, f*0.5+1, g*0.5+1, h*0.5+1
	}
	*x = [8]float32{a, b, c, d, e, f, g, h}
}

// cyclesPerRound is the number of clock cycles of a round of cycles.
const cyclesPerRound = 64

// Cycles runs for count clock cycles, rounded down to a multiple of 64. It reports false in a build
// without assembly.
func Cycles(count int) bool {
	if cycles == nil {
		return false
	}
	cycles(count / cyclesPerRound)
	return true
}
