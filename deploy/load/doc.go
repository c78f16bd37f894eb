// Command load measures a coordinator under load: the rate at which it leases tasks
// and completes them durably, its latency, its memory and disk, and the time to plan
// and to write the tables.
//
//	make load TASKS=100000 WORKERS=1000
//	make load TASKS=100000 WORKERS=1000 STORE=postgres://…
//	make load TASKS=1000000 WORKERS=1000
//
// # What runs
//
// The coordinator is the real program, in its own process and in a new folder, which
// is removed afterwards. The workers are simulated in this process. Each has its own
// process ID and, by default, its own gRPC connection. Each follows the protocol as
// the agent does: it has one call in flight, names every lease that it holds, and
// reports a finished task in the call that offers the free slot. Workers do not
// train: each result is a canonical body of the shape of n = 4, t = 5, in which some
// digits of the first angle differ from task to task.
//
// # What is measured
//
// A run has four phases and prints the results of each:
//
//   - plan: from the start of the coordinator until it listens;
//   - offered: each worker calls at a fixed interval, so that OFFERED tasks a second
//     finish. The latency of a call that begins late, because the previous one took
//     long, counts from its scheduled time;
//   - full speed: workers report immediately. The latency is then the number of
//     workers divided by the rate, and has no meaning by itself;
//   - tables: from the last verdict until results.csv exists, and until the
//     coordinator exits.
//
// With -full-for, full speed ends after a time, and the run with it: the tables are left
// out. With -time-left, workers ask as those with a --lifetime do, and half of the tasks
// are too long for them, so that the store must find the others.
//
// A task counts as completed when its verdict "accepted" has arrived, because the
// store has then made it durable. Calls that hold and report nothing may wait in the
// server and are counted separately.
//
// The baseline is a bare writer: it writes the rows of these tasks once more, in the
// same order and in commits of a given number of tasks, to a new file with the same
// driver, schema and pragmas, and does nothing else.
//
// # Crashes
//
// Nothing outlives the command. If a call fails, the run ends with its error and
// kills the coordinator.
package main
