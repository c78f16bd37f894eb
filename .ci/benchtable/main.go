// Command benchtable reads what `go test -bench` writes and prints a section of
// simulator/PERFORMANCE.md: the processor, and tables of circuits and iterations a second beside
// what it could do. Of several runs of a benchmark it takes the median. `make bench` runs it.
package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

func main() {
	m, err := read(os.Stdin)
	if err == nil {
		err = m.print(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

// measurements are the values of all runs, by benchmark ("Circuit/forward/n=4")
// and unit, as they came.
type measurements struct {
	processor, kernel string // that the circuits ran on
	values map[string]map[string][]float64
}

func read(from io.Reader) (*measurements, error) {
	m := &measurements{values: map[string]map[string][]float64{}}
	r := benchfmt.NewReader(from, "standard input")
	for r.Scan() {
		switch record := r.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, record
		case *benchfmt.Result:
			m.processor, m.kernel = cmp.Or(record.GetConfig("cpu"), m.processor), cmp.Or(record.GetConfig("kernel"), m.kernel)
			m.add(record)
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	return m, nil
}

func (m *measurements) add(r *benchfmt.Result) {
	base, parts := r.Name.Parts()
	name := string(base)
	for _, part := range parts {
		if part[0] != '-' { // the number of processors
			name += string(part)
		}
	}
	if m.values[name] == nil {
		m.values[name] = map[string][]float64{}
	}
	for _, v := range r.Values {
		m.values[name][v.Unit] = append(m.values[name][v.Unit], v.Value)
	}
}

// median is that of a benchmark's runs, and whether there was one.
func (m *measurements) median(name, unit string) (float64, bool) {
	v := slices.Sorted(slices.Values(m.values[name][unit]))
	if len(v) == 0 {
		return 0, false
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2, true
}

func (m *measurements) print(to io.Writer) error {
	rate, ok := m.median("MultiplyAdds/"+m.kernel, "multiply-adds/s")
	if !ok {
		return fmt.Errorf("no benchmark MultiplyAdds/%s to compare circuits with", m.kernel)
	}
	fmt.Fprintf(to, "## %s, %s\n\nKernel %s. One core makes %s multiply-adds/s", m.processor, time.Now().Format(time.DateOnly), m.kernel, short(rate))
	if clock, ok := m.median("Clock", "cycles/s"); ok {
		fmt.Fprintf(to, ", %.0f a cycle at %.2g GHz", rate/clock, clock/1e9)
	}
	fmt.Fprint(to, ".\n\n")
	m.printCircuits(to, rate)
	fmt.Fprintln(to)
	m.printIterations(to)
	return nil
}

func (m *measurements) printCircuits(to io.Writer, rate float64) {
	fmt.Fprint(to, "| circuits/s | forward | of the multiply-adds | gradient | of the multiply-adds |\n|---|--:|--:|--:|--:|\n")
	for _, n := range []int{2, 4, 6, 8, 10, 12, 14, 16} {
		row := fmt.Sprintf("| n = %d |", n)
		measured := false
		for _, p := range passes {
			perSecond, ok := m.median(fmt.Sprintf("Circuit/%s/n=%d", p.name, n), "circuits/s")
			if !ok {
				row += " | |"
				continue
			}
			measured = true
			needed := math.Exp2(float64(n)) * p.perAmplitude(float64(n))
			row += fmt.Sprintf(" %s | %.0f %% |", short(perSecond), 100*perSecond*needed/rate)
		}
		if measured {
			fmt.Fprintln(to, row)
		}
	}
}

func (m *measurements) printIterations(to io.Writer) {
	fmt.Fprint(to, "| iterations/s | | × circuits | allocations |\n|---|--:|--:|--:|\n")
	for _, cell := range []string{"n=2,t=1", "n=4,t=10", "n=10,t=30"} {
		perSecond, ok := m.median("Iteration/"+cell, "iterations/s")
		if !ok {
			continue
		}
		times, _ := m.median("Iteration/"+cell, "×circuits")
		allocations, _ := m.median("Iteration/"+cell, "allocs/op")
		fmt.Fprintf(to, "| %s | %s | %.2f | %.0f |\n", strings.NewReplacer("=", " = ", ",", ", ").Replace(cell), short(perSecond), times, allocations)
	}
}

// short writes a rate with three digits.
func short(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if x >= unit.size {
			return fmt.Sprintf("%.3g%s", x/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g", x)
}
