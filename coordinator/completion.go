package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/model"
	"spiqsweep/worker/program"
)

// fileFlags are the endings of the files that a flag names.
var fileFlags = map[string][]string{
	"grid":        {"hcl"},
	"recording":   {"mat", "npy", "npz", "csv"},
	"coordinator": {"json"},
	"credentials": {"json"},
	"worker-file": {"json"},
}

// completeFlags has a shell complete the values of flags, the names of sweeps, and the IDs of
// tasks.
func completeFlags(root *cobra.Command) {
	values := map[string][]string{statisticFlag: sweep.ErrorColumns()}
	for _, c := range withSubcommands(root) {
		for flag, endings := range fileFlags {
			if c.Flags().Lookup(flag) != nil {
				_ = c.MarkFlagFilename(flag, endings...)
			}
		}
		if c.Flags().Lookup("out") != nil {
			_ = c.MarkFlagDirname("out")
		}
		values["format"] = export.Formats()
		if c.Name() == "sample" {
			values["format"] = model.SampleFormats
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			words := values[f.Name]
			if choice, ok := f.Value.(*program.Choice); ok {
				words = choice.Allowed
			} else if c.Name() == "logs" && f.Name == "state" {
				words = append([]string{anyState}, app.AttemptOutcomes...)
			}
			if words != nil {
				_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
			}
		})
		if c.Flags().Lookup("out") == nil || c.ValidArgsFunction != nil {
			continue
		}
		switch {
		case strings.Contains(c.Use, "SWEEP]"):
			c.ValidArgsFunction = completeSweeps
		case strings.Contains(c.Use, "TASK"):
			c.ValidArgsFunction = completeTasks
		}
		if c.Flags().Lookup("sweep") != nil {
			_ = c.RegisterFlagCompletionFunc("sweep", completeSweeps)
		}
	}
}

// withSubcommands lists a command and all below it.
func withSubcommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, withSubcommands(sub)...)
	}
	return all
}

// completionTime bounds the time that a user who has pressed Tab waits.
const completionTime = 2 * time.Second

// completionPlace returns the place that the flags before the cursor name.
func completionPlace(c *cobra.Command) app.Place {
	text := func(flag string) string {
		if f := c.Flags().Lookup(flag); f != nil {
			return f.Value.String()
		}
		return ""
	}
	flags := placeFlags{out: text("out"), store: text("store")}
	flags.credentials = text("credentials")
	if f := c.Flags().Lookup("coordinator"); f != nil && f.Changed {
		flags.coordinators, _ = c.Flags().GetStringSlice("coordinator")
	}
	place, _ := flags.place(c)
	return place
}

func completeSweeps(c *cobra.Command, arguments []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	var names []cobra.Completion
	if len(arguments) == 0 {
		sweeps, _ := completionPlace(c).List(ctx) // nothing is completed without a sweep
		for _, s := range sweeps {
			if strings.HasPrefix(s.Name, begun) && !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeTasks(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	var ids []cobra.Completion
	tasks, _ := completionPlace(c).Tasks(ctx, strings.ToLower(begun), completedTasks)
	for _, t := range tasks {
		ids = append(ids, cobra.CompletionWithDesc(sweep.ShortID(t.Task), t.Label))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// completedTasks is the largest number of tasks that a shell lists.
const completedTasks = 50
