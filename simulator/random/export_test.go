package random

// State returns the state of a generator.
func State(g Generator) (high, low uint64) { return g.high, g.low }
