// Command benchtable reads what `go test -bench` writes and prints it as tables:
// circuits and iterations a second, beside what the processor could do. Of several
// runs of a benchmark it takes the median. `make bench` runs it.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

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
	kernel string // that the circuits ran on
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
			if k := record.GetConfig("kernel"); k != "" {
				m.kernel = k
			}
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
	fmt.Fprintf(to, "Kernel %s; this core makes %s multiply-adds/s.\n\n", m.kernel, short(rate))
	if err := m.printCircuits(to, rate); err != nil {
		return err
	}
	fmt.Fprintln(to)
	return m.printIterations(to)
}

func (m *measurements) printCircuits(to io.Writer, rate float64) error {
	w := newTable(to)
	fmt.Fprintln(w, "circuits/s\tforward\tof the limit\tof multiply-adds\tgradient\tof the limit\tof multiply-adds\t")
	for _, n := range []int{2, 4, 6, 8, 10, 12} {
		fmt.Fprintf(w, "n = %d\t", n)
		for _, p := range passes {
			perSecond, ok := m.median(fmt.Sprintf("Circuit/%s/n=%d", p.name, n), "circuits/s")
			if !ok {
				fmt.Fprint(w, "\t\t\t")
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t", short(perSecond), percent(perSecond/p.limit(n, rate)), percent(perSecond*p.multiplyAdds(n)/rate))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func (m *measurements) printIterations(to io.Writer) error {
	w := newTable(to)
	fmt.Fprintln(w, "iterations/s\t\t× circuits\tallocations\t")
	for _, cell := range []string{"n=2,t=1", "n=4,t=10", "n=10,t=30"} {
		perSecond, ok := m.median("Iteration/"+cell, "iterations/s")
		if !ok {
			continue
		}
		times, _ := m.median("Iteration/"+cell, "×circuits")
		allocations, _ := m.median("Iteration/"+cell, "allocs/op")
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.0f\t\n", strings.NewReplacer("=", " = ", ",", ", ").Replace(cell), short(perSecond), times, allocations)
	}
	return w.Flush()
}

func newTable(to io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(to, 0, 0, 3, ' ', tabwriter.AlignRight)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

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
