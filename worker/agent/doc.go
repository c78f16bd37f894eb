// Package agent keeps a worker in step with a coordinator.
//
// [Agent] is a state machine, (now, event) → actions, without goroutines, clocks or network,
// so that tests can simulate whole histories. [Run] performs its actions (calls, tasks, one
// timer), feeds it the outcomes as events, and returns the exit code.
//
// # States
//
// The states of a granted lease are, in order,
//
//	waiting   granted, no slot free yet
//	preparing has a slot; its recording and checkpoint are being fetched
//	running   a goroutine trains
//	ended     a report (result, failure or hand-back) waits for its verdict
//
// The verdict ends the lease. A lease that a response omits is withdrawn: the agent stops its
// task and drops the lease. A result that was ready by then is still reported; the coordinator
// judges it late and compares it. Several leases may wait for one slot, since small tasks are
// granted in batches.
//
// An agent drains at the request of a signal, of its parent, or of an operator through a
// response: it takes no new leases, stops its tasks at their next step, stores their last
// checkpoints, hands the leases back, and exits. A second request makes it exit immediately.
//
// It also exits once it has tried every address and all reachable coordinators refuse it. If a
// coordinator has accepted the worker before, an unreachable address keeps it from exiting.
//
// # Who owns the truth
//
// The coordinator owns all state. The agent keeps a result until the coordinator has judged it,
// and a checkpoint until it is stored. One Sync is in flight at a time, with a growing sequence
// number. The agent ignores responses to all but the newest: the coordinator repeats their grants
// and verdicts. While the coordinator is unreachable, tasks continue and their results wait.
//
// # On a crash
//
// A crash needs no clean-up. The leases expire at the coordinator, other workers continue the
// tasks from their last checkpoints, and messages of the dead process carry an outdated attempt.
// The next run of the program is a new process with a new ID.
package agent
