// Package store keeps a queue: in an SQLite file ([Open]), or in memory for
// tests and simulations ([Memory]). Both pass the suite of package storetest.
//
// # SQLite
//
// The state is in SQL: nothing is kept in memory that would have to be
// replayed. All transactions run on one connection, in one goroutine, the
// writer. It takes all calls that are waiting, runs each in a savepoint of its
// own, commits them together, and only then answers: what is answered is
// durable, and the price of an fsync is shared by as many as came meanwhile. A
// call that fails is rolled back alone. The context of a caller ends its
// waiting, never a statement. If the commit fails, or nobody knows whether it
// did, all calls of the batch are answered with queue.ErrUnavailable; they may
// be made again, since the rules are idempotent.
//
// # One coordinator
//
// The connection holds the file's lock in exclusive mode from opening to
// closing, so a second coordinator is refused at once ([ErrInUse]), and no
// shared memory is needed: the file may be on a network file system, if that
// has locks. The operating system drops the lock when the process ends, however
// it ends. Beside the file, FILE.owner says which process has it open: a note for
// people, never consulted for the decision. While a coordinator runs, other
// programs ask it; when none does, they may read with [OpenReadOnly].
//
// # Crashes
//
// SQLite's write-ahead log with synchronous=FULL keeps every committed
// transaction through a crash of the program, the operating system or the
// power (if the disk tells the truth about fsync). The next Open recovers it.
//
// # Dialect
//
// One schema and one set of queries are meant for SQLite and PostgreSQL: types
// and placeholders are those that both understand; times are microseconds since
// 1970 as integers, 0 for none. What differs is how a transaction begins, how
// rows are locked, and how the idle are woken.
package store
