package table

import (
	"io"
	"math"
	"strings"
)

// Verdict is what a sweep shows about a claim.
type Verdict string

// The verdicts.
const (
	Holds     Verdict = "holds"
	Fails     Verdict = "fails"
	Undecided Verdict = "undecided"
)

// Claim is one claim of the paper, tested by one statistic on one part of a sweep.
// Package claims computes it (DESIGN.md, section 2.6).
type Claim struct {
	Name      string
	Scope     string // the further axes' values, the configuration, and k
	Statistic string
	Effect    float64 // the value of the statistic; NaN without one
	Low, High float64 // its 95 % interval over replicates; NaN below three replicates
	P         float64 // NaN without a test but the interval
	Corrected float64 // P, corrected over the configurations
	Verdict   Verdict
	Lacks     string // why the verdict is undecided, beginning with "needs"; "" if it is not

	Sentence string // the claim, for people
	Plain    string // the effect and its interval in plain units; "" without an effect
	Rank     Rank
}

// Rank distinguishes the rows of a claim by the detail that they show.
type Rank int

// The ranks.
const (
	Leading         Rank = iota // the statistic that decides about the claim
	Further                     // another statistic of the same claim
	OfConfiguration             // of one configuration
)

// statistic names the statistic, and what the sweep lacks for a verdict.
func (c Claim) statistic() string {
	if c.Lacks == "" {
		return c.Statistic
	}
	return c.Statistic + "; " + c.Lacks
}

// Needs returns what the sweep lacks for a verdict, for a column of that name.
func (c Claim) Needs() string { return strings.TrimPrefix(c.Lacks, "needs ") }

// WriteClaims writes claims.csv: the paper's claims, each with an effect, its interval
// and a verdict.
func WriteClaims(w io.Writer, claims []Claim) error {
	return write(w, claimColumns(), func(yield func(Claim, error) bool) {
		for _, c := range claims {
			if !yield(c, nil) {
				return
			}
		}
	})
}

func claimColumns() []column[Claim] {
	defined := func(of func(Claim) float64) func(Claim) string {
		return func(c Claim) string { v := of(c); return optional(v, !math.IsInf(v, 0)) }
	}
	return []column[Claim]{
		{"claim", text, "name of the claim; claims.md has it in words", func(c Claim) string { return c.Name }},
		{"scope", text, "the trainings it is tested on: values of further swept settings, then `k`, `grid k` (all pairs of the standard loss with this K-loss) or one configuration `n t k`", func(c Claim) string { return c.Scope }},
		{"statistic", text, "what `effect` is; where the verdict is undecided, a semicolon and what it needs follow", Claim.statistic},
		{"effect", number, "the statistic: its mean over replicates", defined(func(c Claim) float64 { return c.Effect })},
		{"ci95_low", number, "lower end of its 95 % interval over replicates by Student's t; from three replicates on", defined(func(c Claim) float64 { return c.Low })},
		{"ci95_high", number, "its upper end", defined(func(c Claim) float64 { return c.High })},
		{"p", number, "two-sided p of the pairs of losses, by sign flips, or by the sign test for the share of configurations; empty where the interval alone decides", defined(func(c Claim) float64 { return c.P })},
		{"p_corrected", number, "p corrected over the configurations of the scope's k (Westfall and Young's max-t), of those with at least six pairs; equal to p for a grid", defined(func(c Claim) float64 { return c.Corrected })},
		{"verdict", text, "holds, fails or undecided", func(c Claim) string { return string(c.Verdict) }},
	}
}
