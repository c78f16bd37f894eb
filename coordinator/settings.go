package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"spiqsweep/sweep"
)

func settingsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "settings",
		Short: "Print every setting of a grid file: default, meaning, allowed values",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				return printJSON(c.OutOrStdout(), newSettingReports())
			}
			printSettings(c.OutOrStdout())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

// printSettings prints the settings in the order and the spelling of a grid file.
func printSettings(out io.Writer) {
	fmt.Fprintln(out, "in the block sweep itself")
	block := ""
	for _, s := range sweep.Settings() {
		if s.Block != block {
			fmt.Fprintf(out, "\nin the block %s\n", s.Block)
			block = s.Block
		}
		fmt.Fprintf(out, "  %s = %s\n      # %s\n      # %s", s.Name, sweep.Format(s.Default), s.Doc, s.Allowed())
		if s.When != "" {
			fmt.Fprintf(out, "; read where %s", s.When)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "\npresets")
	for _, p := range sweep.Presets() {
		fmt.Fprintf(out, "  %q: %s\n", p.Name, p.Doc)
	}
}

// settingReport is a setting in JSON.
type settingReport struct {
	Name    string `json:"name"`
	Block   string `json:"block,omitempty"`
	Default any    `json:"default"`
	Allowed string `json:"allowed"`
	When    string `json:"when,omitempty"`
	Doc     string `json:"doc"`
}

func newSettingReports() []settingReport {
	var reports []settingReport
	for _, s := range sweep.Settings() {
		reports = append(reports, settingReport{s.Name, s.Block, s.Default, s.Allowed(), s.When, s.Doc})
	}
	return reports
}
