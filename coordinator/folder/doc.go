// Package folder manages the output folder of a sweep: its files and lock, the ID of its
// sweep, and the tables, figures and models.
//
// # What is in it
//
// Most of the folder is a view of the store, which a [View] writes again from time to
// time, each file whole or not at all. The other files are
//
//   - sweep.id, the ID of the folder's sweep in the store;
//   - sweep.hcl and run.json, the grid and the flags of the last run, which resume it
//     ([Folder.ReadRun]);
//   - worker.json, operator.json, ca.pem and ca-key.pem, the credentials, which workers
//     that outlive a coordinator keep using;
//   - sweep.db, the store, or store.url, its URL;
//   - coordinator.json, in place of credentials and store, if the sweep was submitted to a
//     remote coordinator.
//
// # Tables of a million rows
//
// The package holds no row longer than it takes to write it. All tables and figures are
// written from one reading of the rows, which carry the numbers that tables show; the
// models, which need whole results, are written after them. completeness.json comes
// last: it reports whether every configuration and replicate has exactly one result. If
// no row has changed, nothing is read.
//
// # What may replace what
//
// The files that a coordinator reads, locks or writes in place must be regular files: a
// link would lead to another place. Tables, figures and models are replaced by a rename,
// and only if they are regular files or do not exist; otherwise the content goes to
// NAME.new.EXT, which the next successful write removes. Such a failure, or a panic while
// a file is written, is a [Problem]: it never ends a sweep. The umask decides who may read
// a file; only the owner can read keys, the store and the lock, and others cannot write
// to any folder.
//
// # Crashes
//
// The system releases the lock of a process that is killed. Its drafts, .NAME.N, are never
// read, and the next coordinator removes them.
package folder
