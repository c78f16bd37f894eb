// Package simulate runs whole histories of sweeps in one goroutine and in simulated
// time: several coordinators, workers, one store, the network and all clocks. A seed
// determines each history.
//
// The rules are the real ones: the agent of a worker (worker/agent), which is a function
// of (now, event), and the service and queue of a coordinator (coordinator/service,
// coordinator/queue), which are functions of (now, request, store). Everything around
// them is simulated, with faults:
//
//   - Messages are lost, delayed, duplicated and reordered. Some calls provably reach no
//     coordinator. Coordinators are busy, or refuse workers.
//   - Workers are frozen, killed, asked to leave, and started again. Those of some hosts
//     have a lifetime or an idle time-out. Local workers die with their coordinator, which
//     reports the end of each to the queue.
//   - Coordinators are killed at calls to the store, frozen, and started again.
//   - The clocks of the store and of workers are set. The store becomes unavailable. A
//     commit within the call of an operator fails or has an unknown outcome.
//   - Trainings fail, hang, end their process, and produce wrong bits. Old results are
//     reported again.
//   - Operators plan with and without limits, delete, pause, resume, retry, cancel, drain
//     and verify at any time.
//
// [Makespan] is another simulation: how long a sweep of many tasks takes on many machines. It
// uses the rules of the queue, the clocks and the latencies, without faults of the network.
//
// # Invariants
//
// The simulation checks every committed transaction and every answer against the history:
// see [Invariant]. At the end of each history the faults stop. Then every sweep must
// become complete with the results of an undisturbed run, byte for byte, except for
// tasks that failed by the rules.
//
// # Replay
//
// The seed determines a history as long as the code stays the same:
//
//	go test ./deploy/simulate -run TestSimulation -seed 42 -v
//
// prints everything that happens in it. SQLite and PostgreSQL are given the simulated
// time, so that each history is the same on them, line by line. The tests of
// coordinator/store and deploy/e2e cover what only a server does: its own clock, its
// restarts, and concurrent calls. A seed that found a bug is not kept, because every
// change of the code changes its history. The bug gets a separate test.
package simulate
