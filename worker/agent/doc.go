// Package agent keeps a worker in step with a coordinator.
//
// Its heart is [Agent], a function of (now, event) → actions without
// goroutines, clocks or network, so that whole histories can be played through
// it. [Run] is the shell around it: it performs the actions (calls, tasks, one
// timer), reports what became of them as events, and returns the exit code.
//
// # States
//
// A lease that the coordinator granted is, in this order,
//
//	waiting   granted, no slot free yet
//	preparing has a slot; its recording and checkpoint are being fetched
//	running   a goroutine trains
//	ended     a report (result, failure or hand-back) waits for its verdict
//
// and is forgotten with the verdict. A lease that an answer no longer names is
// withdrawn: its task is stopped and the lease forgotten once it has stopped;
// only a result that was ready by then is still reported (it will be judged
// late, and compared). Several leases may wait for one slot: small tasks come
// in batches.
//
// An agent drains when it is asked to leave, by a signal, its parent, or an
// operator through an answer of the coordinator: it takes nothing new, stops its
// tasks at their next step, stores their last checkpoints, hands the leases
// back, and exits. Asked twice, it exits at once.
//
// It also leaves once all coordinators that can be reached refuse it: it has tried
// every address, and one where nobody answers counts for nothing, unless a
// coordinator had taken the worker before, which may be the one that is away.
//
// # Who owns the truth
//
// The coordinator does. The agent holds nothing that it could not lose: a lease
// is a loan, a result is kept until the coordinator has judged it, a checkpoint
// until it is stored. One Sync is in flight at a time, each with a larger
// number than the one before, and answers to any but the newest are ignored:
// what they granted will be granted again, and what they judged is reported
// again. While the coordinator is away the tasks train on and their results
// wait.
//
// # On a crash
//
// Nothing is cleaned up and nothing needs to be. The leases run out at the
// coordinator, the tasks continue elsewhere from their last checkpoints, and
// whatever this process might still have sent carries an outdated attempt. The
// next run of the program is another process with another identity.
package agent
