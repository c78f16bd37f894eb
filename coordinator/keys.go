package main

import (
	"github.com/spf13/cobra"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/worker/program"
)

func keysCommand(t *terminal) *cobra.Command {
	var out string
	var addresses []string
	c := &cobra.Command{
		Use:        "keys --advertise HOST:PORT",
		SuggestFor: []string{"secret", "secrets", "credentials", "token", "certificate"},
		Short:      "Make the keys of coordinators that an orchestrator is to start",
		Long: `Writes worker.json, operator.json, ca.pem and ca-key.pem into a folder, for an engine
that hands secrets to the programs it starts. Start coordinators with --keys FOLDER,
workers with --coordinator FOLDER/worker.json, and commands with --coordinator
FOLDER/operator.json, which first tries this machine, where a tunnel may end.

Run it again to change the addresses: the tokens and the authority stay the same.`,
		Example: `  coordinator keys --advertise spiqsweep:7473 --out keys`,
		Args:    program.NoArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := host.WriteKeys(out, addresses); err != nil {
				return err
			}
			f := folder.Folder(out)
			t.say("made the keys in %s; start coordinators with\n  %s", out, commandLine("coordinator", "serve", "--listen", "0.0.0.0:7473", "--keys", out))
			t.say("start workers with\n  %s", commandLine("worker", "--coordinator", f.Path(folder.WorkerFile), "--"+stayFlag))
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "keys", "`FOLDER` to write")
	c.Flags().StringSliceVar(&addresses, "advertise", nil, "`HOST:PORT` at which workers reach the coordinators; may be given more than once")
	program.Require(c, "advertise", "give the address at which workers reach the coordinators, such as spiqsweep:7473")
	return c
}
