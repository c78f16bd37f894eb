package statistics

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func (n Noise) mustPoints(t rapid.TB, factors int) int {
	t.Helper()
	points, err := n.points(factors)
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// TestPoints checks ⌈1.1·D·(high − low)/4⌉ + 32 (DESIGN.md, section 2.1).
func TestPoints(t *testing.T) {
	tests := []struct {
		noise   Noise
		factors int
		want    int
	}{
		{Noise{Kind: Shared, High: math.Pi, Degree: 40}, 2, 102},
		{Noise{Kind: Shared, High: math.Pi, Degree: 8}, 8, 88},
		{Noise{Kind: PerPatch, Low: -1, High: 1, Degree: 10}, 2, 43},
		{Noise{Kind: Shared, Low: 1, High: 1, Degree: 10}, 2, 32},
		{Noise{Kind: None, Low: 1, High: -1, Degree: -1}, 2, 1},
	}
	for _, test := range tests {
		if got := test.noise.mustPoints(t, test.factors); got != test.want {
			t.Errorf("%+v, %d factors: %d points, want %d", test.noise, test.factors, got, test.want)
		}
	}
	for _, test := range []struct {
		s    shape
		want int
	}{{shape{10, 1}, 2}, {shape{2, 5}, 5}, {shape{1, 16}, 16}, {shape{1, 17}, 2}, {shape{10, 30}, 2}} {
		if got := test.s.factors(); got != test.want {
			t.Errorf("%+v multiplies %d patches, want %d", test.s, got, test.want)
		}
	}
}

// TestQuadratureIntegratesHarmonics checks that the rule integrates every
// harmonic up to the degree, up to rounding.
func TestQuadratureIntegratesHarmonics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Noise{
			Kind:   Shared,
			Low:    rapid.Float64Range(-7, 7).Draw(t, "low"),
			Degree: rapid.IntRange(0, 64).Draw(t, "degree"),
		}
		n.High = n.Low + rapid.Float64Range(1e-3, 13).Draw(t, "width")
		factors := rapid.IntRange(1, 8).Draw(t, "factors")
		harmonic := rapid.IntRange(0, n.Degree*factors).Draw(t, "harmonic")
		phase := rapid.Float64Range(0, 2*math.Pi).Draw(t, "phase")

		want := math.Cos(float64(harmonic)*(n.Low+n.High)/2 + phase)
		if half := float64(harmonic) * (n.High - n.Low) / 2; half > 0 {
			want *= math.Sin(half) / half
		}
		q := n.quadrature(shape{1, 1}, n.mustPoints(t, factors))
		var got float64
		for j, gamma := range q.nodes {
			got += q.weights[j] * math.Cos(float64(harmonic)*gamma+phase)
		}
		if !(math.Abs(got-want) < 3e-13) {
			t.Fatalf("%d nodes: mean of cos(%d·γ + %v) is %v, want %v", len(q.nodes), harmonic, phase, got, want)
		}
	})
}

// TestLegendreTables checks that every rule of gonum that Exact can request
// integrates the Legendre polynomials up to twice its size exactly.
func TestLegendreTables(t *testing.T) {
	check := func(points int) error {
		x, w := make([]float64, points), make([]float64, points)
		quad.Legendre{}.FixedLocations(x, w, -1, 1)
		sums := make([]float64, 2*points)
		for j := range x {
			before, p := 0., 1.
			for degree := range sums {
				sums[degree] += w[j] * p
				before, p = p, (float64(2*degree+1)*x[j]*p-float64(degree)*before)/float64(degree+1)
			}
		}
		sums[0] -= 2
		for degree, sum := range sums {
			if !(math.Abs(sum) < 1e-13) {
				return fmt.Errorf("%d points: the Legendre polynomial of degree %d integrates to %v", points, degree, sum)
			}
		}
		return nil
	}
	for points := 32; points <= 300; points++ {
		if err := check(points); err != nil {
			t.Error(err)
		}
	}
	// The table of gonum 0.17 has an error at 26 points, which Noise never requests.
	if check(26) == nil {
		t.Log("gonum's table is right at 26 points too: the remark in doc.go is out of date")
	}
}

// TestQuadratureGolden fails if a bit of the nodes changes. A change requires a
// new numerics version (DESIGN.md, section 3.3).
func TestQuadratureGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("skipped: the golden bits are those of amd64, this is %s", runtime.GOARCH)
	}
	var b strings.Builder
	for _, n := range []Noise{
		{Kind: Shared, High: math.Pi, Degree: 8},
		{Kind: Shared, High: math.Pi, Degree: 40},
		{Kind: Shared, High: math.Pi, Degree: 60},
		{Kind: PerPatch, High: 1, Degree: 16},
		{Kind: Shared, Low: -math.Pi, High: 3 * math.Pi, Degree: 32},
	} {
		q := n.quadrature(shape{1, 1}, n.mustPoints(t, 2))
		h := sha256.New()
		for j := range q.nodes {
			h.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(q.nodes[j])))
			h.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(q.weights[j])))
		}
		fmt.Fprintf(&b, "[%v, %v] degree %d: %d nodes, first %v, weight %v, sha256 %x\n",
			n.Low, n.High, n.Degree, len(q.nodes), q.nodes[0], q.weights[0], h.Sum(nil))
	}
	golden(t, "nodes.golden", b.String())
}

// golden compares got with a file in testdata, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// TestFastRule compares means of a product of patches' frequencies with their integrals.
func TestFastRule(t *testing.T) {
	noise := Noise{Kind: Shared, Low: 0.5, High: 3, Degree: 8, Polynomial: true}
	nodes, weights, err := noise.FastRule(5)
	if err != nil {
		t.Fatal(err)
	}
	for _, frequency := range []float64{0, 7, 40} {
		got, want := 0.0, 1.0
		for j, gamma := range nodes {
			got += weights[j] * math.Cos(frequency*gamma)
		}
		if frequency > 0 {
			want = (math.Sin(3*frequency) - math.Sin(0.5*frequency)) / frequency / 2.5
		}
		if math.Abs(got-want) > 1e-8 {
			t.Errorf("the mean of cos %vγ is %v on %d nodes, want %v", frequency, got, len(nodes), want)
		}
	}
	if nodes, weights, err := (Noise{Kind: None}).FastRule(5); err != nil || len(nodes) != 1 || weights[0] != 1 {
		t.Errorf("without noise: nodes %v of weights %v, %v", nodes, weights, err)
	}
	noise.Polynomial = false
	if _, _, err := noise.FastRule(1); err == nil {
		t.Error("there is a rule for probabilities that are not polynomials")
	}
}
