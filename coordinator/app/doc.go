// Package app puts the parts of a coordinator together. A grid file becomes a
// plan, the plan a queue in a store, the queue a server; local workers are
// started, and what comes back becomes tables, figures and models.
//
// [Prepare] turns a grid and its recording into named tasks and touches
// nothing; [Open] takes the output folder and plans the sweep, in a store of its
// own or at a coordinator elsewhere; [App.Run] follows it until every task is done
// or failed, or its context ends, and serves workers if the store is its own;
// [App.Close] lets go. [OpenServer] and [Server.Run] serve a store without a grid.
// [Place] is for commands from other terminals.
//
// # Who owns the truth
//
// The store does, wherever it is: whoever keeps it is asked through one
// interface, so that the output folder is the same. The folder is a view of the
// store that is written again every RefreshEvery and at the end, each file whole
// or not at all. Only five things in it are not a view: the sweep's identity
// (sweep.id), which says which sweep of the store is this folder's; what the
// command line added to the grid (run.json, beside sweep.hcl), with which the
// sweep is resumed without naming a grid ([Input.Resume]); the
// credentials, which workers that outlive a coordinator keep using; by default
// the store itself, else where it is (store.url); and coordinator.json, in the place of both, where the sweep
// was submitted to a coordinator elsewhere.
//
// # A million rows
//
// Nothing here holds a row longer than it takes to write it. The plan makes tasks
// when they are asked for; all tables and figures are written from one reading of
// the rows, which carry what tables show of a result and not the result; the models,
// which need whole results, are written after them. completeness.json comes last:
// it says that every cell and replicate has exactly one result, and names the set
// of them and results.csv by digests. If no row has changed, nothing is read; a
// folder that takes long to write is written less often.
//
// # Bad input
//
// Whatever a person can get wrong is checked before the folder is created and
// comes back as an [*folder.InputError].
//
// # What may replace what
//
// Before Open changes anything it surveys the folder and refuses
//
//   - other people's files, where there is no sweep;
//   - anything but a regular file that has the name of a file that is read, locked
//     or written in place: a link would lead elsewhere;
//   - a grid whose sweep has another name than the folder's, or that keeps none of
//     its tasks, and results whose sweep is not in the store, unless Config.Replace.
//
// Tables, figures and models are replaced by a rename, and only where there is a
// regular file or none. Otherwise the new content is written to NAME.new.EXT, which
// the next good write removes. Such a failure, or a panic while a file is made, is a
// [Problem]: it never ends a sweep, and [App.Problems] has those that are left at
// the end. The umask decides who may read a file; keys, the store and the lock are
// their owner's alone, and no folder is made writable for others.
//
// A folder whose sweep.id is missing is given the only sweep of its own store.
// operator.json describes the folder it was written for: a copy of it is not taken
// for the original ([Place]).
//
// # Crashes
//
// A coordinator that was killed is started again by the same command: the
// folder's lock was freed by the system, the identity leads to the sweep, and
// what was accepted stays accepted. So does whoever only followed a sweep, which
// went on meanwhile. A draft of a file that was being written may be left behind
// as .NAME.N; it is never read, and the next coordinator removes it.
package app
