package recording

import "spiqsweep/simulator/random"

// countUp returns 0 … n−1.
func countUp(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// permutation returns 0 … n−1 in a random order that depends on the purpose
// and the seed alone (Fisher & Yates, front to back).
func permutation(n int, purpose random.Purpose, seed uint64) []int {
	order := countUp(n)
	g := random.Training{Seed: seed}.Stream(purpose).At(0, 0)
	for i := range order {
		j := i + g.IntN(n-i)
		order[i], order[j] = order[j], order[i]
	}
	return order
}
