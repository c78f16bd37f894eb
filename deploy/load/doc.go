// Command load measures a coordinator under load: how many tasks a second it
// leases and completes durably, how long its answers take, what memory and disk
// it needs, and how fast it plans and writes its tables.
//
//	make load TASKS=100000 WORKERS=1000
//	make load TASKS=100000 WORKERS=1000 STORE=postgres://…
//	make load TASKS=1000000 WORKERS=1000
//
// # What runs
//
// The coordinator is the real program, a process of its own, on a folder that is
// new and is removed afterwards. The workers are simulated, in this process: each
// has an identity of its own, keeps the protocol as the agent does (one call in
// flight, everything held is named, what was finished is reported by the call
// that offers the free slot), and speaks real gRPC, over a connection of its own
// unless told otherwise. They train nothing: every result is a canonical body of
// the shape of n = 4, t = 5, of which the last samples differ from task to task.
//
// # What is measured
//
// A run has phases, each printed on a line of its own:
//
//   - plan: from the start of the coordinator until it answers;
//   - offered: workers pause, so that OFFERED tasks a second are finished, each
//     at its own fixed beat; a call that begins late because the one before took
//     long is counted from when it should have begun;
//   - full speed: workers report at once. With so many callers the latency is
//     the number of workers divided by the rate, and says nothing;
//   - tables: from the last verdict until results.csv is there, and until the
//     coordinator has ended.
//
// A task counts as completed when its verdict "accepted" has arrived: the store
// has then made it durable. Calls that may wait at the server, since they hold
// and report nothing, are counted apart.
//
// The yardstick is a bare writer: the rows that the run left behind for these
// tasks, written once more, in the same order and in commits of as many tasks,
// to a fresh file by the same driver with the same schema and pragmas, and
// nothing else.
//
// # Crashes
//
// Nothing here outlives the command. If a call fails, the run ends with its
// error; the coordinator is killed with it.
package main
