// Package simulate lives through whole histories of sweeps in one goroutine and
// in simulated time: several coordinators, workers, one store, the network and
// all clocks, drawn from a seed.
//
// The rules are the real ones: the agent of a worker (worker/agent), which is a
// function of (now, event), and the service of a coordinator (coordinator/service
// and coordinator/queue), which is a function of (now, request, store). What is
// simulated is what surrounds them, and the simulation makes it as bad as it may
// be: messages are lost, late, doubled and overtaken; workers are frozen, killed,
// told to leave, and started again under their host's name; coordinators are
// killed at calls of the store, frozen, and started again; the clocks of the
// store and of workers are set; the store goes away; trainings fail, stall, end
// their process, and come to other bits on a bad machine; operators plan, forget,
// retry, cancel, drain and verify meanwhile.
//
// # What must hold
//
// Every transaction that is committed is held against what is known of the
// history: see [Invariant]. At the end of each history the troubles
// stop, and every sweep must become whole, with the results of an undisturbed
// run, byte for byte, but for tasks that their own history condemns.
//
// # Replay
//
// A history is decided by its seed alone, as long as the code stays the same:
//
//	go test ./deploy/simulate -run TestSimulation -seed 42 -v
//
// prints everything that happens in it. On SQLite and PostgreSQL, which are told
// the simulated time, each history is the same, line by line. What only a server
// does by itself (its own clock, its restarts, calls that run at once) is left to
// the tests of coordinator/store and deploy/e2e. A history that came to light a bug is
// not kept as a seed, since every change of the code makes another of it; the
// bug's own test is kept where the bug was.
package simulate
