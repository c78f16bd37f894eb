package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// versions are what must agree between a worker and its coordinator, and labels.
type versions struct {
	Version  string   `json:"version"`
	Protocol int      `json:"protocol"`
	Numerics int      `json:"numerics"`
	Kernels  []string `json:"kernels"` // classes, each once, best first
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
}

func versionCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Say what this program is, and which coordinators it fits",
		Args:  program.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			v := versions{
				Version: programVersion(), Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
				Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
			}
			for _, k := range circuit.Kernels() {
				v.Kernels = append(v.Kernels, k.Class)
			}
			v.Kernels = slices.Compact(v.Kernels)
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(command.OutOrStdout(), "worker %s\nprotocol %d, numerics %d, kernels %v\n%s, %s\n",
				v.Version, v.Protocol, v.Numerics, v.Kernels, v.Go, v.Platform)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}

// programVersion is the version that the linker set, or that of the module.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
