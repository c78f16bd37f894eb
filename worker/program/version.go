package program

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

// VersionCommand returns the command version of a program, whose version the linker set to
// version, or "".
func VersionCommand(name, version string) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:         "version",
		Short:       "Print the versions that must agree between coordinator and worker, and the kernel classes",
		Example:     fmt.Sprintf("  %s version\n  %[1]s version --json", name),
		Annotations: map[string]string{"read-only": ""},
		Args:        NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			v := versions{
				Version: Version(version), Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics,
				Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
			}
			for _, k := range circuit.Kernels() {
				v.Kernels = append(v.Kernels, k.Class)
			}
			v.Kernels = slices.Compact(v.Kernels)
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(command.OutOrStdout(), "%s %s\nprotocol %d, numerics %d, kernels %v\n%s, %s\n",
				name, v.Version, v.Protocol, v.Numerics, v.Kernels, v.Go, v.Platform)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}

// Version returns the version that the linker set, else that of the module.
func Version(linked string) string {
	if linked != "" {
		return linked
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
