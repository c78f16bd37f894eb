package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/worker/program"
)

func selftestCommand() *cobra.Command {
	var reference string
	var asJSON bool
	command := &cobra.Command{
		Use:   "selftest",
		Short: "Check every kernel of this machine against known answers",
		Long: `Computes known circuits, probabilities and gradients with every kernel of this
machine, and reports how far each is from the known answers.

Exit codes: 0 all kernels are right, 1 one is not, 2 bad usage or reference.`,
		Example: `  worker selftest
  worker selftest --json`,
		Args: program.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return selftest(command.OutOrStdout(), reference, asJSON)
		},
	}
	command.Flags().StringVar(&reference, "reference", "", "JSON `FILE` with known answers (default: those built in)")
	command.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return command
}

// maxReferenceBytes bounds the file of --reference; the built-in answers take 60 KB.
const maxReferenceBytes = 64 << 20

func selftest(out io.Writer, reference string, asJSON bool) error {
	var answers []byte // nil: the embedded ones
	if reference != "" {
		var err error
		if answers, err = inputfile.Read(reference, maxReferenceBytes); err != nil {
			return fmt.Errorf("read the reference: %w", err)
		}
		if len(answers) == 0 {
			return fmt.Errorf("read the reference: %s is empty", reference)
		}
	}
	tested, err := circuit.SelfTest(answers)
	if err != nil {
		return err
	}
	best := circuit.Kernels()[0]
	report := report{tested, wideLoops{append([]string{}, best.WideLoops()...), append([]string{}, gan.WideLoops(best)...)}}
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else {
		var text bytes.Buffer
		describe(&text, report)
		if _, err := out.Write(text.Bytes()); err != nil {
			return err
		}
	}
	if !report.Passed {
		return &faultError{errors.New("a kernel of this machine computes wrong numbers: use another, with " +
			circuit.KernelVariable + ", or another machine")}
	}
	return nil
}

// report is what the command prints.
type report struct {
	circuit.Report
	WideLoops wideLoops `json:"wide_loops"`
}

// wideLoops holds the names of the loops in which the best kernel uses vectors of 512 bits.
type wideLoops struct {
	Circuits []string `json:"circuits"`
	Training []string `json:"training"`
}

// describe prints the report as text: one line a kernel, then the loops that the best one chose.
func describe(out io.Writer, report report) {
	fmt.Fprintf(out, "%d known circuits; a probability may be off by %g, a derivative by %g\n",
		report.Cases, report.ProbabilityTolerance, report.GradientTolerance)
	for _, e := range report.Engines {
		verdict := "right"
		if !e.Passed {
			verdict = "WRONG"
		}
		fmt.Fprintf(out, "%-10s %-18s %s: probabilities off by at most %.1e, derivatives by %.1e\n",
			e.Name, e.Class, verdict, e.ProbabilityError, e.GradientError)
	}
	for _, w := range []struct {
		of    string
		loops []string
	}{{"circuits", report.WideLoops.Circuits}, {"training", report.WideLoops.Training}} {
		if len(w.loops) > 0 {
			fmt.Fprintf(out, "512-bit vectors are the faster ones here in these loops of the %s: %s\n", w.of, strings.Join(w.loops, ", "))
		}
	}
}
