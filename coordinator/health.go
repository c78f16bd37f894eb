package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// probeTimeout bounds the answer of one coordinator to a probe. It answers from the results of
// its last commits, without a call of its store.
const probeTimeout = 5 * time.Second

// health is the answer of one coordinator to a probe.
type health struct {
	Address string `json:"address"`
	Serving bool   `json:"serving"`
	Reason  string `json:"reason,omitempty"` // why it does not serve
}

func healthCommand() *cobra.Command {
	var at coordinatorFlags
	var asJSON bool
	c := &cobra.Command{
		Use:        "health --coordinator FILE_OR_ADDRESS",
		SuggestFor: []string{"healthcheck", "healthz", "probe", "ping", "ready"},
		Short:      "Ask coordinators whether they serve, as a probe of an orchestrator does",
		Long: `Calls grpc.health.v1.Health/Check of every address that is named. A coordinator serves
while its commits, one each second, succeed. Use the command where a probe cannot speak TLS, such as that
of Kubernetes: for readiness, since a restart does not repair a store.

Exit codes: 0 all serve; 1 one does not, or does not answer; 2 bad usage.`,
		Example: `  coordinator health --coordinator runs/serve/operator.json
  coordinator health --coordinator 127.0.0.1:7473 --credentials runs/serve/operator.json`,
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := at.findCredentials()
			if err != nil {
				return err
			}
			var all []health
			healthy := true
			for _, address := range file.Addresses {
				h := probe(c.Context(), file, address)
				all = append(all, h)
				healthy = healthy && h.Serving
			}
			if err := printHealth(c, all, asJSON); err != nil || healthy {
				return err
			}
			return &endError{exitFault}
		},
	}
	at.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	program.Require(c, "coordinator", "give operator.json of the coordinator, or its address with --credentials")
	return c
}

// probe asks the coordinator at an address of the file.
func probe(ctx context.Context, file credentials.File, address string) health {
	connection, err := file.Dial(address)
	if err != nil {
		return health{address, false, err.Error()}
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	answer, err := healthv1.NewHealthClient(connection).Check(ctx, &healthv1.HealthCheckRequest{})
	switch {
	case err != nil:
		return health{address, false, credentials.Explain(err)}
	case answer.GetStatus() != healthv1.HealthCheckResponse_SERVING:
		return health{address, false, "it is stopping, or its store does not answer"}
	}
	return health{address, true, ""}
}

func printHealth(c *cobra.Command, all []health, asJSON bool) error {
	if asJSON {
		return printJSON(c.OutOrStdout(), all)
	}
	table := program.NewTable(c.OutOrStdout(), 2, 0)
	for _, h := range all {
		verdict := "serving"
		if !h.Serving {
			verdict = "not serving: " + h.Reason
		}
		fmt.Fprintf(table, "%s\t%s\n", h.Address, sweep.Printable(verdict))
	}
	return table.Flush()
}
