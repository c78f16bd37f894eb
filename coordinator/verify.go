package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/host"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// verifyFlags are the flags of a verification.
type verifyFlags struct {
	placeFlags
	selectionFlags
	hosting hostFlags
	share   float64
	seed    uint64
	asJSON  bool
}

func verifyCommand(t *terminal) *cobra.Command {
	f := verifyFlags{hosting: hostFlags{leaseTerm: defaultLeaseTerm}}
	c := &cobra.Command{
		Use:        "verify [TASK...]",
		SuggestFor: []string{"test", "validate-results"},
		Short:      "Run finished tasks once more and compare their results with the stored ones",
		Long: `Runs finished tasks of a sweep once more and compares the results byte by byte with
the stored ones: a share of the named tasks, of those of some configurations, or of
all. The stored results do not change. Tasks that are already being verified, such as
those of an interrupted verification, count too, and the command waits for them. For
each task whose result differs, was altered in the store or could not be confirmed,
it prints a line with the hosts, the kernels and the first number that differs.

The workers of the running coordinator do the work; if no coordinator runs, local
workers are started. Exit codes: 0 no finding; 3 findings, or tasks that diverged
before ("coordinator retry --diverged" runs them once more: the result that two of
three runs agree on is accepted); 130 interrupted: the tasks stay selected, and the
next coordinator or "verify" resumes them.`,
		Example: `  coordinator verify --out runs/figure-s1
  coordinator verify --out runs/figure-s1 --share 1 --config n=2`,
		Args: program.NamedArguments(0),
		RunE: func(c *cobra.Command, tasks []string) error {
			place, err := f.place(c)
			if err != nil {
				return err
			}
			f.sweepName = f.sweep
			verifier, err := f.verifier(c, tasks, t)
			if err != nil {
				return err
			}
			done, err := place.Verify(c.Context(), verifier)
			t.close()
			switch {
			case err != nil && c.Context().Err() != nil:
				t.say("%s", f.interrupted(done))
				return &endError{exitInterrupted}
			case err != nil:
				return err
			}
			if err := printVerification(c.OutOrStdout(), done, f.asJSON); err != nil {
				return err
			}
			if err := f.advise(t, done); err != nil || f.asJSON {
				return err
			}
			if f.share < 1 {
				hintAt(c, "run all finished tasks again", f.command("verify", "--share", "1"))
			}
			return nil
		},
	}
	f.placeFlags.add(c)
	f.selectionFlags.add(c)
	f.hosting.log.Add(c, "warn")
	c.Flags().Float64Var(&f.share, "share", 0.1, "share of the finished tasks, above 0 and up to 1 (default for named tasks: 1)")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the selection: the same seed selects the same tasks")
	c.Flags().IntVar(&f.hosting.local, "local", defaultLocal(), "number of local workers, if no coordinator runs, as far as memory goes")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	return c
}

func (f *verifyFlags) verifier(c *cobra.Command, tasks []string, t *terminal) (app.Verifier, error) {
	selection, err := f.selection(tasks)
	if err != nil {
		return app.Verifier{}, err
	}
	if len(tasks) > 0 && !c.Flags().Changed("share") {
		f.share = 1
	}
	switch {
	case !(f.share > 0 && f.share <= 1):
		return app.Verifier{}, usage("--share %v: must be above 0 and up to 1", f.share)
	case f.hosting.local < 1:
		return app.Verifier{}, usage("--local %d: must be 1 or more", f.hosting.local)
	}
	t.done = "compared"
	v := app.Verifier{Follow: t.follow, Memory: program.ReadMachine(os.DirFS("/")).Memory}
	v.Selection, v.Share, v.Seed = selection, f.share, f.seed
	v.Options = func(class string) (host.Options, error) {
		kernel, err := chooseKernel(class)
		if err != nil {
			return host.Options{}, err
		}
		return f.hosting.hostOptions(kernel, t)
	}
	return v, nil
}

// interrupted returns the message for an interrupted verification.
func (f *verifyFlags) interrupted(done app.Verification) string {
	switch {
	case done.Chosen > 0:
		return fmt.Sprintf("interrupted: %s selected, and the next coordinator or `%s` resumes the verification", stay(done.Chosen), f.command("verify"))
	case done.Sweep.ID != "": // the coordinator has not answered
		return fmt.Sprintf("interrupted while tasks were being selected: if any were, the next coordinator or `%s` resumes the verification", f.command("verify"))
	default:
		return "interrupted before any task was selected"
	}
}

func stay(tasks int) string {
	if tasks == 1 {
		return "1 task stays"
	}
	return fmt.Sprintf("%d tasks stay", tasks)
}

// advise prints what to do about the findings, and returns the exit code.
func (f *verifyFlags) advise(t *terminal, done app.Verification) error {
	diverged := 0
	for _, finding := range done.Findings {
		if finding.State == sweep.Diverged {
			diverged++
		}
	}
	retry := f.command("retry", "--diverged")
	if n := done.Diverged; n > 0 {
		t.say("%s diverged before: `%s` runs %s once more", count(n, "task"), retry, them(n))
	}
	if diverged > 0 {
		t.say("%s diverged now: `%s` runs %s once more, and the result that two of three runs agree on is accepted", count(diverged, "task"), retry, them(diverged))
		if done.Local {
			t.say("tables and figures show it after the next run of the sweep")
		}
	}
	if len(done.Findings)+done.Diverged > 0 {
		return &endError{exitIncomplete}
	}
	return nil
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// verificationReport is the outcome of a verification, for the terminal and as JSON.
type verificationReport struct {
	Sweep    string          `json:"sweep"`
	Name     string          `json:"name"`
	Verified int             `json:"verified"` // tasks whose results equal the stored ones
	Findings []findingReport `json:"findings"`
	Diverged int             `json:"diverged_before"` // tasks that were not run again
}

type findingReport struct {
	Task   string `json:"task"`
	Label  string `json:"label"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func printVerification(out io.Writer, done app.Verification, asJSON bool) error {
	report := verificationReport{
		Sweep: done.Sweep.ID, Name: done.Sweep.Name,
		Verified: done.Chosen - len(done.Findings), Findings: []findingReport{}, Diverged: done.Diverged,
	}
	for _, f := range done.Findings {
		report.Findings = append(report.Findings, findingReport{string(f.Task), f.Label, string(f.State), f.Reason})
	}
	if asJSON {
		return printJSON(out, report)
	}
	for _, f := range report.Findings {
		fmt.Fprintf(out, "%s  %s: %s\n", f.Task, f.Label, sweep.Printable(f.Reason))
	}
	_, err := fmt.Fprintf(out, "%d of %s verified, %s\n", report.Verified, count(done.Chosen, "task"), count(len(done.Findings), "finding"))
	return err
}
