package claims

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// Report holds the claims of a sweep.
type Report struct {
	Claims  []table.Claim // by claim, further axes, k and statistic
	Omitted int           // combinations of further axes beyond the first hundred

	planned, finished int
	data              []string // names of the first recordings
	fewest, most      int32    // planned replicates of a configuration
}

// maxNames bounds the recordings that the text names.
const maxNames = 5

// Judge tests the claims on the rows of a sweep, in any order.
func Judge(shape table.Shape, rows table.Rows) (*Report, error) {
	r := &Report{}
	facets, omitted, err := gather(shape, rows, func(row table.Row) {
		r.planned++
		if row.Measures != nil {
			r.finished++
		}
		if len(r.data) < maxNames && !slices.Contains(r.data, row.Data) {
			r.data = append(r.data, row.Data)
		}
	})
	if err != nil {
		return nil, err
	}
	r.Omitted = omitted
	slices.Sort(r.data)
	for _, f := range facets {
		for _, c := range f.configurations {
			if r.most == 0 {
				r.fewest = c.planned
			}
			r.fewest, r.most = min(r.fewest, c.planned), max(r.most, c.planned)
		}
	}
	for first := 0; first < len(statistics); {
		next := first
		for next < len(statistics) && statistics[next].claim == statistics[first].claim {
			next++
		}
		for _, f := range facets {
			for _, k := range f.losses() {
				for i := range statistics[first:next] {
					r.Claims = append(r.Claims, statistics[first+i].test(f.scope("k="+sweep.Format(k)), f.of(k)))
				}
			}
		}
		first = next
	}
	for _, c := range kLossClaims {
		for _, f := range facets {
			r.Claims = append(r.Claims, f.improvements(c.name, c.subject, c.of)...)
		}
	}
	return r, nil
}

// WriteText writes claims.md: what the claims are, and a table of them without the
// single configurations.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# The paper's claims on this sweep

Each line tests a claim of Hernandes & Greplova (arXiv 2409.09125) on this sweep: %d of %d trainings have finished. Data: %s. The scope k=0 is the standard loss, any other k a K-loss, and "grid" compares the two in all configurations.

A claim **holds** or **fails** where the 95 %% interval of its effect, in brackets, decides it over replicates; for the K-loss, a test of the signs of the differences must agree. It is **undecided** where the sweep cannot tell, and the last column names what that needs. An effect matters if it changes an error by a tenth or more, per doubling of n or t or between two losses. "error × 0.5 per doubling of n" means that twice as many neurons halve the error. A line that begins with … tests the claim above it by another statistic.

%sclaims.csv has every number, and the K-loss in each configuration. DESIGN.md, section 2.6, defines the statistics.

| claim | scope | verdict | effect | needs |
|---|---|---|---|---|
`, r.finished, r.planned, inCell(strings.Join(r.data, ", ")), r.replicates())
	for _, c := range r.Claims {
		if c.Rank != table.OfConfiguration {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Sentence, inCell(c.Scope), c.Verdict, c.Plain, c.Needs())
		}
	}
	for _, c := range kLossClaims {
		r.writeConfigurations(&b, c.name, c.subject)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "\n%d further combinations of swept settings are left out.\n", r.Omitted)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// replicates returns a paragraph about configurations with different numbers of replicates,
// or "".
func (r *Report) replicates() string {
	if r.fewest == r.most {
		return ""
	}
	return fmt.Sprintf("The configurations have %d to %d replicates. A claim over several configurations uses only the replicates that all of them have, "+
		"so the configuration with the fewest decides its precision; the K-loss in a single configuration uses all of that one.\n\n", r.fewest, r.most)
}

// writeConfigurations counts the verdicts of a claim about single configurations.
func (r *Report) writeConfigurations(w io.Writer, name, subject string) {
	counts := map[table.Verdict]int{}
	lacks := ""
	for _, c := range r.Claims {
		if c.Name == name && c.Rank == table.OfConfiguration {
			counts[c.Verdict]++
			lacks = cmp.Or(lacks, c.Lacks)
		}
	}
	better, worse, undecided := counts[table.Holds], counts[table.Fails], counts[table.Undecided]
	if all := better + worse + undecided; all > 0 {
		fmt.Fprintf(w, "\nThe error of %s in each configuration by itself, with p corrected for the number of configurations: the K-loss is better in %d, worse in %d and undecided in %d of %d.",
			subject, better, worse, undecided, all)
		if lacks, _, _ = strings.Cut(lacks, " ("); strings.HasPrefix(lacks, "needs at least") {
			fmt.Fprintf(w, " To decide, a configuration %s.", lacks)
		}
		fmt.Fprintln(w)
	}
}

// inCell escapes text that comes from grids and file names for a table in Markdown.
func inCell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'").Replace(sweep.Printable(text))
}
