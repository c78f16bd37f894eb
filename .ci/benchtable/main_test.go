package main

import (
	"strings"
	"testing"
)

const benchmarks = `goos: linux
cpu: some processor
pkg: spiqsweep/simulator/circuit
kernel: avx2
BenchmarkCircuit/forward/n=4-2   	 100	 600 ns/op	 11.5e6 circuits/s
BenchmarkCircuit/forward/n=4-2   	 100	 600 ns/op	 1 circuits/s
BenchmarkCircuit/forward/n=4-2   	 100	 600 ns/op	 99e6 circuits/s
BenchmarkCircuit/gradient/n=10-2 	 100	 600 ns/op	 80000 circuits/s
PASS
pkg: spiqsweep/simulator/gan
BenchmarkIteration/n=10,t=30-2   	 100	 9000000 ns/op	 111.4 iterations/s	 1.25 ×circuits	 0 B/op	 0 allocs/op
pkg: spiqsweep/simulator/internal/peak
BenchmarkMultiplyAdds/avx512-2   	 100	 600 ns/op	 99e9 multiply-adds/s
BenchmarkMultiplyAdds/avx2-2     	 100	 600 ns/op	 59e9 multiply-adds/s
`

func TestTable(t *testing.T) {
	m, err := read(strings.NewReader(benchmarks))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := m.print(&table); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(table.String()), " ")
	for _, want := range []string{
		"Kernel avx2; this core makes 59 G multiply-adds/s.",
		"n = 4 11.5 M 50 % 16 % n = 6",
		"n = 10 80 k 50 % 41 % n = 12",
		"n = 10, t = 30 111 1.25 0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
}

// A processor of half the rate has half the limit.
func TestLimits(t *testing.T) {
	for _, p := range passes {
		if got := p.limit(4, referenceRate); got != p.limitOf4 {
			t.Errorf("%s, n = 4: %v, want %v", p.name, got, p.limitOf4)
		}
		if got := p.limit(10, referenceRate/2); got != p.limitOf10/2 {
			t.Errorf("%s, n = 10 at half the rate: %v, want %v", p.name, got, p.limitOf10/2)
		}
		if a, b := p.limit(6, 1), p.limit(8, 1); !(a > b) {
			t.Errorf("%s: %v for n = 6, %v for n = 8", p.name, a, b)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for _, input := range []string{"", strings.ReplaceAll(benchmarks, "MultiplyAdds/avx2", "Other")} {
		m, err := read(strings.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.print(&strings.Builder{}); err == nil {
			t.Error("a table without the rate of multiply-adds")
		}
	}
}
