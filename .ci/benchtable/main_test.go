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
cpu: some processor
pkg: spiqsweep/simulator/gan
BenchmarkIteration/n=10,t=30-2   	 100	 9000000 ns/op	 111.4 iterations/s	 1.25 ×circuits	 0 B/op	 0 allocs/op
pkg: spiqsweep/simulator/internal/peak
BenchmarkMultiplyAdds/avx512-2   	 100	 600 ns/op	 99e9 multiply-adds/s
BenchmarkMultiplyAdds/avx2-2     	 100	 600 ns/op	 59e9 multiply-adds/s
BenchmarkClock-2                 	 100	 600 ns/op	 3.7e9 cycles/s
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
	for _, want := range []string{
		"## some processor, 2",
		"\nKernel avx2. One core makes 59 G multiply-adds/s, 16 a cycle at 3.7 GHz.\n",
		"\n| n = 4 | 11.5 M | 16 % | | |\n| n = 10 | | | 80 k | 41 % |\n\n",
		"\n| n = 10, t = 30 | 111 | 1.25 | 0 |\n",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
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
