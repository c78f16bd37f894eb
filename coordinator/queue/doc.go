// Package queue holds the rules of a sweep: who is leased which task, whose
// result counts, who is to blame for what went wrong, and what comes next
// (DESIGN.md, section 5).
//
// Every rule is a function of one transaction of a [Store]: it reads the time
// once, reads and writes records, and decides. It starts no goroutine, keeps no
// timer and remembers nothing in between that it decides by, but whether it has ticked. So a whole
// history can be replayed, and several coordinators may serve one store.
// One rule is in one file; [Policy] has every number.
//
// # Who owns the truth
//
// The store does. What a worker holds, how far it is and what it has finished
// are claims until [Queue.Sync] has committed them; what Sync has answered is
// durable. A task belongs to no sweep: sweeps refer to tasks, and share what is
// finished. A process is known by the random identity that it made at its
// start; host names are labels.
//
// # Words
//
// A [Lease] is a task and the number of an attempt, the fencing token: it rises
// at each grant and never falls, so whoever shows an older one is late. A lease
// lives as long as its process's deadline, which every newer call moves. The
// attempts of a task are its history; nothing in it is ever removed.
//
// # The life of a task
//
//	planned ──► waiting ──► leased ──► done ◄──► diverged
//	              ▲  ▲        │  │                  │
//	              │  └────────┘  └──► backing off   │
//	              │   lost, …           │    │      │
//	              ├─────────────────────┘    ▼      │
//	              └──────── retry ◄──── failed ◄─┘
//
// What happens to a task, by what is heard of it:
//
//	event                         from       to            attempt      rule
//	planned first                 —          waiting       —            plan.go
//	granted                       waiting    leased        number + 1   grant.go
//	named by its holder's call    leased     leased        —            renew.go
//	not named by a newer call     leased     leased        granted again, same number   assign.go
//	… which drains                leased     waiting       handed back  assign.go
//	named, but expired or withdrawn and not granted again
//	                              waiting,   leased        live again   renew.go
//	                              failed
//	result, of the newest attempt leased, …  done          accepted     accept.go
//	… that contradicts an older one          diverged      accepted     accept.go
//	result, of an older attempt   done       done or       late         accept.go
//	                                         diverged
//	                              others     unchanged     late: kept, compared once there is an accepted one
//	failure, or an invalid result leased, …  backing off   failed       blame.go
//	back-off ends                 backing    waiting       —            expire.go
//	handed back                   leased     waiting       handed back  blame.go
//	process silent for a term     leased     waiting       lost         expire.go
//	process known to have ended   leased     waiting       lost         lose.go
//	… too often                   leased     failed       failed, lost blame.go
//	no sweep refers to it         leased     waiting       withdrawn    forget.go
//	cancel                        waiting, … failed       cancelled    cancel.go
//	… a result of it after all    failed, done          accepted     report.go
//	                              waiting
//	retry                         failed     waiting      all pardoned retry.go
//	retry of a diverged one       diverged   waiting       all pardoned retry.go
//	verify                        done       waiting       all pardoned verify.go
//	… result as it is stored      leased, …  done          verified     verify.go
//	… another result, or another stored      diverged      differed     verify.go
//	… too often without a result  leased     done          failed, lost verify.go
//	… cancelled, or wanted by no sweep       done          cancelled    cancel.go, forget.go
//
// A diverged task that is retried keeps its accepted result meanwhile; what at
// least two and most of its results agree on is accepted then, and if nothing
// is, or if the run fails for good or is cancelled, it has diverged again.
// Nothing else changes an accepted result.
//
// A task that is being verified counts as done, and keeps its accepted result
// whatever comes of it; [Record].Verifying tells it from others that wait or run.
// Its new result is compared byte by byte with what is stored: that may have been
// altered since, which a digest that was stored beside it would not tell. If it
// was, a run of `retry --diverged` that reports the accepted digest mends it. What
// contradicts the accepted result meanwhile, a late one, counts when the
// verification has ended. One that could not be verified stays done, with the
// reason.
//
// What a person names is looked up and changed in pages, each in a transaction of
// its own, so that workers are served in between; a page looks again at what it
// changes. After an error, the same words once more do the rest.
//
// # Workers that are asked to leave
//
// Draining is kept with the process's presence, so that it survives the
// coordinator: each answer says so, nothing is granted any more, and a call that
// waits for work returns at once. The agent then does as on SIGTERM. It is of
// processes that run: whoever starts later is not meant.
//
// # The life of a plan
//
// A plan has a key, which the sweep names. [Queue.Plan] writes the next one page
// by page under a new key, as a [Draft]; its last transaction makes the sweep name
// that key, and the plan before a draft, whose tasks are then dropped page by
// page. So readers see one plan or the other, whole, and workers are served all the
// while. A draft that nobody has touched for ten minutes was left by a coordinator that
// is gone; the next plan takes it away.
//
// # Crashes
//
// A coordinator that is killed leaves what it has committed. Workers call again,
// another if there is one: what they report once more is judged "already", what
// they were granted without hearing of it is granted again.
//
// Silence counts only while it could have been heard. The store keeps when any
// coordinator last ticked; if that is Policy.FrozenAfter ago or more (all were
// killed, frozen or suspended, or the clock was set), the first to tick gives
// every process a full term before anything expires, and blames nothing on what
// is lost then. One that was frozen beside others that ticked changes nothing:
// its workers could turn to those. One that begins gives a term, too, since its
// predecessor may have ended a moment ago and taken its processes with it, but
// only to those that have called since they were last given one: one that begins
// again and again does not keep the leases of the dead alive.
//
// A process that is killed is silent. Its tasks wait again after a term and
// resume from their newest checkpoint. A task that had started counts it as a
// loss, unless it had got on since the last one or the process fell silent while
// no coordinator was there; it is then granted only to a process that holds
// nothing else; only what is lost there counts to
// Policy.MaxLosses. On a machine with several slots such a task waits until all
// of them are free.
//
// A process that is cut off and comes back goes on if its task was not granted
// again. If it was, its result is late: never accepted, always compared.
package queue
