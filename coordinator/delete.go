package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/worker/program"
)

func deleteCommand() *cobra.Command {
	var flags placeFlags
	c := &cobra.Command{
		Use:        "delete [SWEEP]",
		SuggestFor: []string{"forget", "remove", "rm", "drop", "erase"},
		Short:      "End a sweep of a coordinator or a store; what it has finished stays",
		Long: `Ends the sweep of that ID, or of that name if no other has it; without either, that
of the output folder. Workers stop at what no other sweep wants. Results stay in
the store: a sweep that asks for the same tasks again finds them done. The sweep's
output folder is left as it is.`,
		Args: program.NamedArguments(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			deleted, err := place.Delete(c.Context(), strings.Join(arguments, ""))
			if errors.Is(err, app.ErrNoName) {
				return usage("%w: `%s` names them", err, flags.command("list"))
			}
			if errors.Is(err, queue.ErrUnknown) {
				return usage("%w: `%s` lists those that are there", err, flags.command("list"))
			}
			if errors.Is(err, fs.ErrNotExist) {
				return usage("%w: name the output folder with --out, or the store with --store", err)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "sweep %s, ID %s, is deleted\n", deleted.Name, deleted.ID)
			return err
		},
	}
	flags.add(c)
	return c
}
