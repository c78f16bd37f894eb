package baseline

import "math"

// Matrices here have at most 90 rows. The functions sum in their own loops, from
// left to right: the order of gonum's sums depends on the processor. A symmetric
// matrix is its lower triangle, [row][column ≤ row].

// choleskyOf returns L with L·Lᵀ = A + damping·diag(A), lower triangular. It
// reports false unless all pivots are positive. A row of zeros, of a constant
// variable, gets the pivot 1.
func choleskyOf(a [][]float64, damping float64) (l [][]float64, ok bool) {
	l = make([][]float64, len(a))
	for i, row := range a {
		l[i] = make([]float64, i+1)
		for j, v := range row {
			for k := range j {
				v -= l[i][k] * l[j][k]
			}
			if j < i {
				l[i][j] = v / l[j][j]
				continue
			}
			v += damping * row[i]
			if row[i] <= 0 {
				v = 1
			}
			if !(v > 0) {
				return nil, false
			}
			l[i][i] = math.Sqrt(v)
		}
	}
	return l, true
}

// solve sets x to the solution of L·Lᵀ·x = b.
func solve(l [][]float64, x, b []float64) {
	for i, row := range l {
		v := b[i]
		for k, c := range row[:i] {
			v -= c * x[k]
		}
		x[i] = v / row[i]
	}
	for i := len(l) - 1; i >= 0; i-- {
		for k := i + 1; k < len(l); k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
}

// eigen returns the eigenvalues of a symmetric matrix and its eigenvectors,
// vectors[component][value], by Jacobi's method (Golub & Van Loan, section 8.5).
func eigen(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	m, vectors := make([][]float64, n), make([][]float64, n)
	for i := range m {
		m[i], vectors[i] = make([]float64, n), make([]float64, n)
		vectors[i][i] = 1
		for j := range i + 1 {
			m[i][j], m[j][i] = a[i][j], a[i][j]
		}
	}
	for range 50 { // converges quadratically, usually within ten
		var rest float64
		for p := range n {
			for q := p + 1; q < n; q++ {
				rest += m[p][q] * m[p][q]
				rotate(m, vectors, p, q)
			}
		}
		if rest < 1e-30 {
			break
		}
	}
	values = make([]float64, n)
	for i := range values {
		values[i] = m[i][i]
	}
	return values, vectors
}

// rotate makes the elements (p, q) and (q, p) of a full symmetric matrix zero, by
// a rotation, and applies it to the columns of vectors.
func rotate(m, vectors [][]float64, p, q int) {
	if m[p][q] == 0 {
		return
	}
	ratio := (m[q][q] - m[p][p]) / (2 * m[p][q])
	t := 1 / (math.Abs(ratio) + math.Sqrt(1+ratio*ratio))
	if ratio < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(1+t*t)
	s := t * c
	turn := func(x, y *float64) { *x, *y = c**x-s**y, s**x+c**y }
	for k := range m {
		turn(&m[k][p], &m[k][q])
		turn(&vectors[k][p], &vectors[k][q])
	}
	for k := range m {
		turn(&m[p][k], &m[q][k])
	}
}
