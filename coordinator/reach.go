package main

import (
	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
)

// reachFlags say from where the coordinator can be called.
type reachFlags struct{ app.Reach }

func (f *reachFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.Listen, "listen", "", "`ADDRESS` for workers started elsewhere: 127.0.0.1:7473, or 0.0.0.0:7473 for other machines, by TLS")
	flags.StringSliceVar(&f.Advertise, "advertise", nil, "`HOST:PORT` where workers find it, if not by this machine's name; may be given more than once")
	flags.StringVar(&f.CACert, "ca-cert", "", "PEM `FILE` of a certificate authority that several coordinators share (default: one of the output folder)")
	flags.StringVar(&f.CAKey, "ca-key", "", "PEM `FILE` of its private key")
	flags.BoolVar(&f.Insecure, "insecure", false, "plain text to other machines too: whoever is in between can read the tokens")
}
