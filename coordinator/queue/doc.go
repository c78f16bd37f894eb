// Package queue holds the rules of a sweep: which process is leased which task, which
// result is accepted, what counts against a task, and which task is granted next
// (DESIGN.md, section 5).
//
// Every rule is a function of one transaction of a [Store]: it reads the time once,
// reads and writes records, and decides. The package starts no goroutine and no timer,
// and keeps no state between calls that decides anything, except whether it has ticked.
// So tests can replay a whole history, and several coordinators may serve one store.
// [Policy] holds every number of the rules.
//
// # Ownership
//
// The store owns the truth. What a worker holds, how far it is and what it has finished
// are claims until [Queue.Sync] has committed them. Sync's answer is durable. A task
// belongs to no sweep: sweeps refer to tasks and share their results. A process is
// identified by the random ID that it makes at its start; host names are labels.
//
// # Leases
//
// A [Lease] is a task and the number of an attempt. The number is the fencing token: each
// grant increments it, so a report with an older number is recognised as late. A lease
// lives until its process's deadline, which every newer call of the process moves. The
// attempts of a task are its history and are never deleted.
//
// # The life of a task
//
//	planned ──► waiting ──► leased ──► done ◄──► diverged
//	              ▲  ▲        │  │                  │
//	              │  └────────┘  └──► backing off   │
//	              │   lost, …           │    │      │
//	              ├─────────────────────┘    ▼      │
//	              └──────── retry ◄──── failed ◄────┘
//
// The events, the phases before and after, the outcome of the attempt, and the file with
// the rule (blame ignores pardoned attempts):
//
//	event                         from       to            attempt      rule
//	first planned                 —          waiting       —            plan.go
//	granted                       waiting    leased        number + 1   grant.go
//	listed by its holder's call   leased     leased        —            lease.go
//	not listed by a newer call    leased     leased        granted again, same number   sync.go
//	… of a process that drains    leased     waiting       handed back  sync.go
//	listed, but expired or withdrawn and not granted since
//	                              waiting,   leased        live again   lease.go
//	                              failed
//	result, of the newest attempt leased, …  done          accepted     result.go
//	… that contradicts an older one          diverged      accepted     result.go
//	result, of an older attempt   done       done or       late         result.go
//	                                         diverged
//	                              others     unchanged     late: kept, compared once a result is accepted
//	failure, or an invalid result leased, …  backing off   failed       blame.go
//	back-off ends                 backing    waiting       —            lease.go
//	handed back                   leased     waiting       handed back  blame.go
//	asked back (paused, out of time) and handed back
//	                              leased     waiting       handed back  limits.go, blame.go
//	process silent for a term     leased     waiting       lost         lease.go
//	process known to have ended   leased     waiting       lost         lease.go
//	… too often                   leased     failed        failed, lost blame.go
//	no sweep refers to it         leased     waiting       withdrawn    plan.go
//	cancel                        waiting, … failed        cancelled    operate.go
//	… then a result of it         failed,    done          accepted     report.go
//	                              waiting
//	retry                         failed     waiting       all pardoned operate.go
//	retry of a diverged task      diverged   waiting       all pardoned operate.go
//	verify                        done       waiting       all pardoned operate.go
//	… result equals the stored    leased, …  done          verified     result.go
//	… result differs              leased, …  diverged      differed     result.go
//	… too often without a result  leased     done          failed, lost blame.go
//	… cancelled, or dropped                  done          cancelled    operate.go, plan.go
//
// A diverged task that is retried keeps its accepted result. Its new result joins the
// vote: the result that most attempts agree on is accepted. If there is a tie, or if the
// run fails for good or is cancelled, the task is diverged again. Nothing else changes an
// accepted result.
//
// A task that is being verified counts as done and keeps its accepted result;
// [Record].Verifying distinguishes it from other waiting or leased tasks. The new result
// is compared byte by byte with the stored one, because a digest that is stored next to
// it cannot reveal an alteration. A run of `retry --diverged` that reports the accepted
// digest repairs an altered result. A contradiction by a late result takes effect at the
// end of the verification. A task whose verification fails stays done, with the reason.
//
// Calls of operators look up and change tasks in pages, one transaction each, so that
// workers are served in between. Each page checks again that its tasks still qualify.
// After an error, repeating the call does the rest.
//
// # Draining
//
// The request to drain is stored with the process, so that it survives the coordinator.
// Every answer repeats it, nothing more is granted, and a call that waits for work
// returns immediately. The worker then does the same as on SIGTERM.
//
// # The life of a plan
//
// A plan has a key, which its sweep names. [Queue.Plan] writes the next plan page by page
// under a new key, as a [Draft]. Its last transaction makes the sweep name the new key
// and turns the previous plan into a draft, whose tasks are then dropped page by page.
// So readers see one plan or the other, complete, and workers are served all the time.
// A draft that was not changed for ten minutes was left behind by a crashed coordinator;
// the next plan deletes it.
//
// Results may decide on further tasks of a sweep. Its planner then announces them by
// [Queue.Expect], a draft without tasks that counts for a minute, and plans the next
// revision when the results are there. So processes without work wait for it.
//
// # Crashes
//
// A coordinator that is killed leaves what it has committed. Workers call again, perhaps
// at another coordinator. Reports that they repeat are judged "duplicate"; grants whose
// answer was lost are repeated.
//
// The silence of a process counts only while some coordinator was running. The
// store keeps the time of the last tick. If that is Policy.FrozenAfter ago or more (all
// coordinators were killed, frozen or suspended, or the clock was set), the first to tick
// extends every lease by a full term, and losses that follow are not blamed. A
// coordinator that was frozen while others ticked changes nothing, because its workers
// could call the others. A coordinator's first tick also extends leases, because its
// predecessor and their common host may have just failed, but only those of processes
// that have called since the last extension, so that repeated restarts do not keep the
// leases of dead processes alive.
//
// A process that is killed falls silent. Its tasks wait again after a term and resume
// from their newest checkpoints. For a task that had started, this counts as a loss
// unless its checkpoint had advanced since the previous loss or no coordinator was there.
// The task is then granted only to a process that holds nothing else, and only losses of
// such processes count towards Policy.MaxLosses. On a machine with several slots, the
// task waits until all of them are free.
//
// A process that is cut off and returns goes on if its task was not granted again.
// Otherwise its result is late: never accepted, always compared.
package queue
