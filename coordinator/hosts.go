package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/hosts"
	"spiqsweep/proto/protocol"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// hostsFlags are the flags of all commands on hosts.
type hostsFlags struct{ timeout time.Duration }

func (f *hostsFlags) add(c *cobra.Command) {
	c.Flags().DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long to wait for each host, its copy of the program included")
}

func hostsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:        "hosts COMMAND HOSTS_FILE",
		SuggestFor: []string{"ssh", "machines", "workstations"},
		Short:      "Start and stop workers on machines that you reach by ssh",
		Long: `Starts, stops and shows one worker on each machine of a file, which has a host in
each line, with settings where they differ from the defaults:

  node17
  me@node18 slots=4 nice=10         # half of its cores, after everybody's work
  node19 program=bin/worker-arm64   # of another architecture
  node20 folder=/scratch/me         # instead of ~/.spiqsweep

Your ssh must reach each host without a question: ports, keys and jump hosts belong
into ~/.ssh/config. A host needs a POSIX shell, and no installation.`,
		Example: `  coordinator hosts start hosts.txt --out runs/serve
  coordinator hosts status hosts.txt
  coordinator hosts stop hosts.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("the command is missing: give `coordinator hosts start HOSTS_FILE`, or stop, status or logs in place of start")
		},
	}
	c.AddCommand(hostsStartCommand(), hostsStopCommand(), hostsStatusCommand(), hostsLogsCommand())
	return c
}

// hostsStart are the flags of hosts start.
type hostsStart struct {
	hostsFlags
	workerFlags
	out string
}

func hostsStartCommand() *cobra.Command {
	var f hostsStart
	c := &cobra.Command{
		Use:   "start HOSTS_FILE [HOST...] [-- WORKER_FLAG...]",
		Short: "Copy the worker to hosts and start it there",
		Long: `Copies the worker program and the coordinator's worker.json to the hosts of a file,
or to some of them, and starts one worker on each. It outlives the connection and ends
with the sweep, or on "coordinator hosts stop". Flags after -- are the worker's.

A second start changes nothing on a host whose worker runs with the same program,
worker.json and flags. Any other worker in the folder hands back its tasks and is
replaced. Give hosts another folder for a second sweep at the same time.`,
		Example: `  coordinator hosts start hosts.txt --out runs/figure-s1
  coordinator hosts start hosts.txt node17 node18 --out runs/serve -- --stay`,
		Args: hostsArguments,
		RunE: func(c *cobra.Command, arguments []string) error {
			var flags []string
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				arguments, flags = arguments[:dash], arguments[dash:]
			}
			selected, err := selectHosts(arguments)
			if err != nil {
				return err
			}
			return f.run(c, selected, flags)
		},
	}
	f.hostsFlags.add(c)
	f.workerFlags.add(c)
	c.Flags().StringVar(&f.out, "out", defaultOut, "output `FOLDER` of the sweep, or folder of a coordinator that serves, with worker.json")
	return c
}

// run starts workers with further flags.
func (f *hostsStart) run(c *cobra.Command, selected []hosts.Host, flags []string) error {
	if c.Flags().Changed("out") && c.Flags().Changed("worker-file") {
		return usage("--out and --worker-file each name the file for the workers: give one of them")
	}
	for _, flag := range flags {
		if name, _, _ := strings.Cut(flag, "="); name == "--coordinator" || name == "--credentials" {
			return usage("%s after --: the workers get the file of --out or --worker-file: give that before --", name)
		}
	}
	file, err := f.findWorkerFile(c, f.out)
	if err != nil {
		return err
	}
	body, err := inputfile.Read(file, 1<<20)
	if err != nil {
		return usage("%w", err)
	}
	binaries, err := f.readBinaries(selected)
	if err != nil {
		return err
	}
	return eachHost(c, selected, f.timeout, func(ctx context.Context, h hosts.Host) (hosts.Answer, error) {
		return hosts.Start(ctx, h, hosts.Plan{Binary: binaries[h.Program], Credentials: body, Flags: flags})
	}, func(a hosts.Answer) (string, error) {
		switch a.State {
		case hosts.Ended:
			text := fmt.Sprintf("the worker ended immediately, %s", exitText(a.Exit))
			if a.Exit != "0" {
				return "", fmt.Errorf("%s: %s", text, lastLine(a.Log))
			}
			return text, nil
		case hosts.Running:
			return fmt.Sprintf("runs already, process %d", a.Process), nil
		default:
			return fmt.Sprintf("%s, process %d", a.State, a.Process), nil
		}
	})
}

// readBinaries reads the programs for the hosts, by the path that the hosts file gives.
func (f *hostsStart) readBinaries(selected []hosts.Host) (map[string]hosts.Binary, error) {
	binaries := map[string]hosts.Binary{}
	for _, h := range selected {
		if _, done := binaries[h.Program]; done {
			continue
		}
		path := h.Program
		if path == "" {
			var err error
			if path, err = f.findProgram(); err != nil {
				return nil, err
			}
		}
		binary, err := hosts.ReadBinary(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		binaries[h.Program] = binary
	}
	return binaries, nil
}

func hostsStopCommand() *cobra.Command {
	var f hostsFlags
	c := &cobra.Command{
		Use:   "stop HOSTS_FILE [HOST...]",
		Short: "Have the workers of hosts hand back their tasks and leave",
		Long: `Sends SIGTERM to the worker of each host and waits for its end. The worker hands its
tasks back with a checkpoint, which takes ten seconds at most; one that does not leave
in fifteen is killed, and its leases expire. Program, worker.json and log stay in the
folder of the host.`,
		Example: `  coordinator hosts stop hosts.txt
  coordinator hosts stop hosts.txt node17`,
		Args: hostsArguments,
		RunE: func(c *cobra.Command, arguments []string) error {
			selected, err := selectHosts(arguments)
			if err != nil {
				return err
			}
			return eachHost(c, selected, f.timeout, hosts.Stop, func(a hosts.Answer) (string, error) {
				switch a.State {
				case hosts.Absent:
					return "no worker was started", nil
				case hosts.Ended:
					return "had ended before, " + exitText(a.Exit), nil
				default:
					return "stopped, " + exitText(a.Exit), nil
				}
			})
		},
	}
	f.add(c)
	return c
}

// hostReport is a line of hosts status and hosts logs.
type hostReport struct {
	Host     string   `json:"host"`
	State    string   `json:"state"`               // running, ended, absent, unknown
	Process  int      `json:"process,omitempty"`   // of a worker that runs
	ExitCode string   `json:"exit_code,omitempty"` // of one that has ended; "unknown" if none was written
	Error    string   `json:"error,omitempty"`     // why the state is unknown
	Log      []string `json:"log,omitempty"`       // its last lines, of hosts logs
}

// askHosts asks hosts for reports, in the order of the file.
func askHosts(c *cobra.Command, selected []hosts.Host, timeout time.Duration, do func(context.Context, hosts.Host) (hosts.Answer, error)) []hostReport {
	reports := make([]hostReport, 0, len(selected))
	hosts.Each(c.Context(), selected, timeout, do, func(h hosts.Host, a hosts.Answer, err error) {
		r := hostReport{Host: h.Name, State: a.State, Process: a.Process, ExitCode: a.Exit}
		if err != nil {
			r.State, r.Error = "unknown", err.Error()
		}
		if text := strings.TrimRight(a.Log, "\n"); text != "" {
			r.Log = strings.Split(text, "\n")
		}
		reports = append(reports, r)
	})
	place := func(r hostReport) int {
		return slices.IndexFunc(selected, func(h hosts.Host) bool { return h.Name == r.Host })
	}
	slices.SortFunc(reports, func(a, b hostReport) int { return place(a) - place(b) })
	return reports
}

// endOfReports returns the exit code for reports.
func endOfReports(reports []hostReport) error {
	if slices.ContainsFunc(reports, func(r hostReport) bool { return r.Error != "" }) {
		return &endError{exitFault}
	}
	return nil
}

func hostsStatusCommand() *cobra.Command {
	var f hostsFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "status HOSTS_FILE [HOST...]",
		Short: "Print whether the worker of each host runs, or how it ended",
		Long: `Prints the state of the worker of each host: running, ended, absent if none was
started, or unknown if the host did not answer. "coordinator status" prints what the
workers do.`,
		Example:     "  coordinator hosts status hosts.txt",
		Annotations: readOnly,
		Args:        hostsArguments,
		RunE: func(c *cobra.Command, arguments []string) error {
			selected, err := selectHosts(arguments)
			if err != nil {
				return err
			}
			reports := askHosts(c, selected, f.timeout, hosts.Status)
			if asJSON {
				err = printJSON(c.OutOrStdout(), reports)
			} else {
				table := program.NewTable(c.OutOrStdout(), 2, 0)
				fmt.Fprintln(table, "host\tstate\tprocess\tnote")
				for _, r := range reports {
					process, note := "", sweep.Printable(r.Error)
					if r.Process > 0 {
						process = fmt.Sprint(r.Process)
					}
					if r.ExitCode != "" {
						note = exitText(r.ExitCode)
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Host, r.State, process, note)
				}
				err = table.Flush()
			}
			if err != nil {
				return err
			}
			return endOfReports(reports)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

func hostsLogsCommand() *cobra.Command {
	var f hostsFlags
	var asJSON bool
	var last int
	c := &cobra.Command{
		Use:   "logs HOSTS_FILE [HOST...]",
		Short: "Print the end of the log of each host's worker",
		Example: `  coordinator hosts logs hosts.txt
  coordinator hosts logs hosts.txt node17 --last 100`,
		Annotations: readOnly,
		Args:        hostsArguments,
		RunE: func(c *cobra.Command, arguments []string) error {
			if last < 1 {
				return usage("--last %d: must be 1 or more", last)
			}
			selected, err := selectHosts(arguments)
			if err != nil {
				return err
			}
			reports := askHosts(c, selected, f.timeout, func(ctx context.Context, h hosts.Host) (hosts.Answer, error) { return hosts.Logs(ctx, h, last) })
			if asJSON {
				err = printJSON(c.OutOrStdout(), reports)
			}
			for i, r := range reports {
				if asJSON || err != nil {
					break
				}
				if r.Error != "" {
					complain(c.ErrOrStderr(), "%s: %s", r.Host, r.Error)
					continue
				}
				between := ""
				if i > 0 {
					between = "\n"
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s==> %s <==\n%s\n", between, r.Host, sweep.PrintableLines(strings.Join(r.Log, "\n")))
			}
			if err != nil {
				return err
			}
			return endOfReports(reports)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	c.Flags().IntVar(&last, "last", 10, "how many lines of each host to print, the last ones")
	return c
}

// hostsArguments wants a hosts file, and names of hosts in it.
func hostsArguments(c *cobra.Command, arguments []string) error {
	if dash := c.ArgsLenAtDash(); dash == 0 || len(arguments) == 0 {
		return fmt.Errorf("a hosts file is missing: `%s hosts.txt`, with a host in each line", c.CommandPath())
	}
	return nil
}

// selectHosts reads the hosts file, and selects those that are named after it.
func selectHosts(arguments []string) ([]hosts.Host, error) {
	all, err := hosts.ReadFile(arguments[0])
	if err != nil {
		return nil, usage("%w", err)
	}
	selected, err := hosts.Select(all, arguments[1:])
	if err != nil {
		return nil, usage("%s: %w", arguments[0], err)
	}
	return selected, nil
}

// eachHost prints a line for each host as soon as it has answered. The exit code is 1 if a
// host failed.
func eachHost(c *cobra.Command, selected []hosts.Host, timeout time.Duration, do func(context.Context, hosts.Host) (hosts.Answer, error),
	describe func(hosts.Answer) (string, error),
) error {
	failed := 0
	var broken error // of the output
	hosts.Each(c.Context(), selected, timeout, do, func(h hosts.Host, a hosts.Answer, err error) {
		text := ""
		if err == nil {
			text, err = describe(a)
		}
		if err != nil {
			failed++
			complain(c.ErrOrStderr(), "%s: %s", h.Name, sweep.Printable(err.Error()))
		} else if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", h.Name, sweep.Printable(text)); err != nil {
			broken = err
		}
	})
	switch {
	case c.Context().Err() != nil:
		return c.Context().Err()
	case broken != nil:
		return broken
	case failed > 0:
		return &endError{exitFault}
	}
	return nil
}

// exitText describes the exit code of a worker.
func exitText(code string) string {
	meaning := map[string]string{
		fmt.Sprint(protocol.ExitDone):        "done, or stopped with nothing in hand",
		fmt.Sprint(protocol.ExitFault):       "an internal fault, or refused by the coordinator",
		fmt.Sprint(protocol.ExitUsage):       "bad flags or files",
		fmt.Sprint(protocol.ExitUnreachable): "no coordinator",
		fmt.Sprint(protocol.ExitWorkLeft):    "tasks handed back",
		"137":                                "killed",
	}[code]
	if meaning == "" {
		return "exit code " + code
	}
	return fmt.Sprintf("exit code %s: %s", code, meaning)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
