// Package store keeps a queue in an SQLite file or a PostgreSQL database ([Open]). Both
// pass the suite of package storetest.
//
// The state is in SQL: nothing is kept in memory that would have to be replayed.
// What was read or written is remembered for as long as nobody else can change it,
// and forgotten with everything that is undone.
// One schema and one set of queries serve both databases, in the files sql_*.go:
// types and placeholders are those that both understand; times are microseconds
// since 1970 as integers, 0 for none. What differs is in a dialect and a session
// (how statements are sent); PostgreSQL's transactions find waiting tasks and add
// records in ways of their own.
//
// # SQLite: one coordinator
//
// All transactions run on one connection, in one goroutine, the writer. It takes
// all calls that are waiting, runs one after the other, commits them together, and
// only then answers: what is answered is durable, and the price of an fsync is
// shared by as many as came meanwhile. If a call fails after it has written, all is
// rolled back, and the others are run again. Changes of the tallies, which are the
// same few rows for all calls, are written once a commit. The context of a caller
// ends its waiting, never a statement. If the commit fails, or nobody knows whether
// it did, all calls of the batch are answered with queue.ErrUnavailable; they may be
// made again, since the rules are idempotent.
//
// The connection holds the file's lock in exclusive mode from opening to
// closing, so a second coordinator is refused at once ([ErrInUse]), and no
// shared memory is needed: the file may be on a network file system, if that
// has locks. The operating system drops the lock when the process ends, however
// it ends. Beside the file, FILE.owner says which process has it open: a note for
// people, never consulted for the decision. While a coordinator runs, other
// programs ask it; when none does, they may read with [OpenReadOnly].
//
// # PostgreSQL: several coordinators
//
// Each call is a transaction on a connection of its own, in READ COMMITTED, and
// is kept in order with others by locks, which it takes before it reads anything,
// in this order:
//
//   - An advisory lock of the store. A call that claims something (queue.Tx.Claim)
//     shares it; one that does not has it alone. So whatever does not say what it
//     keeps to runs as if it were the only one: plans, retries, ticks, all that
//     operators do. Calls of workers run at once.
//   - An advisory lock of the claimed process (of a hash of its ID, since the
//     process may have no row yet).
//   - The records of the claimed tasks and of those that the process holds, in the
//     order of their IDs.
//   - While it runs: records of waiting tasks, as Next lists them. Those that
//     another call has locked are left out (SKIP LOCKED), so this never waits.
//   - Tallies, at the end, in the order of their keys, and only long enough to
//     commit. They are changed by sums, never written from what was read, and come
//     in shards by connection, so that calls rarely wait even there.
//
// Hence calls are equivalent to some serial order. In READ COMMITTED a statement
// sees all that was committed when it began, so a call that has its locks sees
// what all calls did that had any of them before. What it reads and writes is its
// process, its tasks with their attempts, results and checkpoints, and what Next
// gave it; the storetest suite runs every rule inside a fence that reports
// anything else (queuetest.Confined). What it reads without a lock is either
// changed only by calls that are alone (plans, specifications, sweeps), or is a
// preference: the turns of sweeps, which waiting task comes first, and whether
// there is one right now; a worker that finds none asks again. There is one
// exception, the sum of open tasks: of two calls at once that end the last two
// tasks neither may see 0. Each tick looks once more (queue.Queue.Tick).
//
// No call waits for one that waits for it, since all take their locks in one
// order. Should PostgreSQL end a call all the same for the sake of another
// (errors 40001, 40P01), nothing has happened, and it is run again.
//
// Time is the database's clock, read once a call when it has its locks: later than
// that of every call it had to wait for. The database may be some way off: the
// locks of a claim bring along what is going to be asked of its tasks, and writes,
// which need no answer, travel with the next read, the last ones with the commit.
// synchronous_commit is on: what is answered is durable. The context of a caller
// ends its waiting; the call goes on.
// A view is one read-only snapshot (REPEATABLE READ) and locks nothing.
//
// A commit that announces itself does so by NOTIFY; each store listens on a
// connection of its own, and wakes its callers once when a lost one is made again.
//
// # Crashes
//
// SQLite's write-ahead log with synchronous=FULL keeps every committed
// transaction through a crash of the program, the operating system or the
// power (if the disk tells the truth about fsync). The next Open recovers it.
// PostgreSQL's keeps them in the same way; while it is away, calls are answered
// with queue.ErrUnavailable and what to do, and connections are made again by
// themselves.
//
// A coordinator that dies takes its transactions with it. One that is frozen, or
// cut off from the database, within a transaction keeps its locks for 3 s, the
// limit of an idle transaction; others wait up to 5 s for a lock, so they outlive
// it. When it goes on, it finds its transaction undone.
//
// The password of a database is in no error and no log; in a URL on the command
// line other users of the machine can see it, in PGPASSWORD or ~/.pgpass not.
package store
