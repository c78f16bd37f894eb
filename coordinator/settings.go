package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/worker/program"
)

func settingsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:        "settings",
		SuggestFor: []string{"config", "options", "parameters", "defaults"},
		Short:      "Print every setting of a grid file: default, meaning and allowed values",
		Example: `  coordinator settings
  coordinator settings --json`,
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				return printJSON(c.OutOrStdout(), settingReports())
			}
			return printSettings(c.OutOrStdout(), settingReports())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

// settingReport is a setting of a grid file, for the terminal and as JSON.
type settingReport struct {
	Name    string `json:"name"`
	Block   string `json:"block,omitempty"`
	Default any    `json:"default"`
	Allowed string `json:"allowed"`
	When    string `json:"when,omitempty"`
	Axis    bool   `json:"axis"` // may be a list in the grid block
	Doc     string `json:"doc"`

	written string // the default as a grid file writes it
}

// settingReports lists all settings block by block. Within a block, those that cannot
// be an axis come first.
func settingReports() []settingReport {
	var reports []settingReport
	block := "none yet"
	for _, s := range sweep.Settings() {
		if s.Block != block {
			block = s.Block
			reports = append(reports, extraReports(block)...)
		}
		reports = append(reports, settingReport{
			Name: s.Name, Block: s.Block, Default: s.Default, Allowed: s.Allowed(), When: s.When, Axis: true, Doc: s.Doc,
			written: sweep.Format(s.Default),
		})
	}
	return reports
}

func extraReports(block string) []settingReport {
	var reports []settingReport
	for _, e := range grid.Extras() {
		if e.Block == block {
			reports = append(reports, settingReport{
				Name: e.Name, Block: e.Block, Default: e.Default, Allowed: e.Allowed, Doc: e.Doc,
				written: sweep.Format(e.Default),
			})
		}
	}
	return reports
}

// printSettings prints the settings as a grid file writes them.
func printSettings(out io.Writer, reports []settingReport) error {
	fmt.Fprintln(out, "in the block sweep itself")
	block := ""
	for _, s := range reports {
		if s.Block != block {
			fmt.Fprintf(out, "\nin the block %s\n", s.Block)
			block = s.Block
		}
		fmt.Fprintf(out, "  %s = %s\n      # %s\n      # %s", s.Name, s.written, s.Doc, s.Allowed)
		if s.When != "" {
			fmt.Fprintf(out, "; read where %s", s.When)
		}
		if !s.Axis {
			fmt.Fprint(out, "; never an axis")
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "\npresets, and what they change")
	for _, p := range sweep.Presets() {
		if _, err := fmt.Fprintf(out, "  %q: %s\n      # %s\n", p.Name, p.Doc, strings.Join(changes(p), ", ")); err != nil {
			return err
		}
	}
	return nil
}

// changes returns the values of a preset as a grid file writes them.
func changes(p sweep.Preset) []string {
	var changed []string
	for _, s := range sweep.Settings() {
		if value, ok := p.Values[s.Name]; ok {
			changed = append(changed, s.Name+" = "+sweep.Format(value))
		}
	}
	return changed
}
