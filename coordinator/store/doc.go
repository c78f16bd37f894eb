// Package store keeps a queue in an SQLite file or in a PostgreSQL database ([Open]).
// Both pass the scenarios of package queuetest and the contract of package storetest.
//
// The database holds the whole state: there is no log to replay. A store caches rows
// only while no other process can change them, and drops them at a rollback.
//
// Both databases use the same schema and the same queries, with types and placeholders
// that both accept. Times are integers, in microseconds since 1970, 0 for none. The
// differences are in a dialect (the few queries that differ) and a session (how
// statements are sent). On PostgreSQL, claims and Next also have their own queries.
//
// Inside the store, a task has an integer key, which the table records gives to its ID. A
// new task gets the next one. Since tasks are planned in the order of execution, tasks that
// run at the same time are neighbours in every table, and a commit writes few pages of it. IDs
// are random: with them as keys, each row would be on a separate page. Only the index that
// finds a record by its ID is in their order. SQLite changes it only when a task is planned.
// PostgreSQL adds an entry when an updated record has no room in its page, or when an indexed
// column changes. No index depends on the phase, which changes most.
//
// # SQLite: one coordinator
//
// One goroutine, the writer, runs all transactions on one connection. It runs all
// waiting calls one after the other, commits them together, and then answers them: so
// an answered call is durable, and the calls share the cost of the fsync. If a call
// fails after it has written, the writer rolls the transaction back and runs the other
// calls again. It writes the changes of the tallies once per commit, since all calls
// change the same few rows. The end of a caller's context ends the caller's wait, never
// a statement. If the commit fails, or its outcome is unknown, all its calls return
// queue.ErrUnavailable. Callers may repeat them, since the rules are idempotent.
//
// The connection locks the file in exclusive mode from opening to closing. So a second
// coordinator gets [ErrInUse] immediately, and SQLite needs no shared memory: the file
// may be on a network file system, if that supports locks. The operating system
// releases the lock when the process ends for any reason. FILE.owner, next to the file,
// names the process that has it open. It is only for people: the lock decides. While a
// coordinator runs, other programs ask the coordinator. While none runs, they may read
// the file with [OpenReadOnly].
//
// # PostgreSQL: several coordinators
//
// A call that claims something (queue.Claim) runs concurrently with others, at level READ
// COMMITTED. If maxGroups transactions run, further calls wait and then share one, as a
// group: it takes the locks of all its calls, and runs them one after the other. So the
// calls share most statements, all round trips and the commit, and a group is to others
// what one call is, which is what "call" means below. If a call fails after it has written,
// or a statement fails, the group is rolled back, and each of its calls runs in a separate
// transaction, as every call without a claim does.
//
// Locks keep the calls in order. A call takes its locks before it reads anything, in this
// order:
//
//   - An advisory lock of the store, shared by calls that claim something and exclusive
//     for all others. So plans, retries, ticks and all other calls of operators run alone,
//     while calls of workers run concurrently.
//   - An advisory lock of each claimed process, ordered by key. The key is a hash of the
//     process's ID, since the process may not have a row yet.
//   - The records of the claimed tasks and of the tasks that the processes hold, ordered
//     by key.
//   - Later, an advisory lock of each sweep with a limit of which tasks are to be granted
//     (queue.Tx.ClaimSweep). A call that does not get it grants none and never waits.
//   - Later, the records of the waiting tasks that Next lists. Next omits records that
//     another call has locked (SKIP LOCKED), so it never waits. The first Next of a group
//     lists tasks for all its calls.
//   - At the end, the tallies, ordered by key, only for the commit. Calls add to them and
//     never write a value that they have read. Each connection adds to one of several
//     shards, and concurrent ones usually to different shards, so that calls rarely wait
//     here, either.
//
// Therefore calls are equivalent to some serial order. At READ COMMITTED, a statement
// sees everything that was committed before it began. So once a call has its locks, it
// sees the effects of all calls that held any of them before. A call reads and writes
// only its processes, its tasks with their attempts, results and checkpoints, and the tasks
// that Next listed. Tests run every rule in a store that reports any other access
// (queuetest.Confined). The data that a call reads without a lock is of two kinds. Some
// is changed only by calls that run alone: plans, specifications, sweeps. The rest only
// guides a choice: the turns of sweeps, which waiting task comes first, and whether there
// is one; a worker that gets none asks again. There is one exception, the sum of open
// tasks: if two concurrent calls end the last two tasks, both may read a sum above 0.
// Therefore each tick checks the sum again (queue.Queue.Tick).
//
// No deadlock should arise, since all calls take their locks in the same order. If
// PostgreSQL rolls a call back because of another (errors 40001, 40P01), the store runs
// it again.
//
// The time of a call is read from the database's clock once the call has its locks. So it
// is later than the time of every call for which this one waited. To save round trips to
// a remote database, a claim also reads the rows that the rules will need of its tasks,
// and writes wait for the next read or the commit. synchronous_commit is on: an answered
// call is durable. The end of a caller's context ends the caller's wait; the call
// completes. A view is one read-only snapshot (REPEATABLE READ) and takes no locks.
//
// A commit with queue.Tx.Announce sends a NOTIFY. Each store listens on a separate
// connection. After it has reconnected, it wakes its callers once, since notifications
// may have been lost.
//
// # Crashes
//
// SQLite's write-ahead log with synchronous=FULL keeps every committed transaction
// through a crash of the program or the operating system and through a power failure, if
// the disk honours fsync. The next Open recovers it. PostgreSQL does the same. While it
// does not answer, calls return queue.ErrUnavailable with advice; the store reconnects
// by itself.
//
// If a coordinator dies, its transactions are rolled back. If it is frozen during a
// transaction, or cut off from the database, it keeps its locks for 3 s, the limit for
// idle transactions. Others wait up to 5 s for a lock, so they get it. When the frozen
// coordinator continues, it finds its transaction rolled back.
//
// No error and no log contains a database's password. Other users of the machine can
// read a password in a URL on the command line, but not one in PGPASSWORD or ~/.pgpass.
package store
