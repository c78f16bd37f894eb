// Package app puts the parts of a coordinator together: a grid file becomes a
// plan, the plan a queue in a store, the queue a server; local workers are
// started, and what comes back becomes tables, figures and models.
//
// [Prepare] turns a grid and its recording into named tasks and touches
// nothing; [Open] takes the output folder and the store, and plans; [App.Run]
// serves until every task is done or set aside, or its context ends;
// [App.Close] lets go.
//
// # Who owns the truth
//
// The store does. The output folder is a view of it that is written again every
// RefreshEvery and at the end, each file whole or not at all. Only three things in
// the folder are not a view: the sweep's identity (sweep.id), which says which
// sweep of the store is this folder's; the credentials, which workers that
// outlive a coordinator keep using; and by default the store itself.
//
// # Bad input
//
// Whatever a person can get wrong is checked before the folder is created and
// comes back as an [*InputError].
//
// # Crashes
//
// A coordinator that was killed is started again by the same command: the
// folder's lock was freed by the system, the identity leads to the sweep, and
// what was accepted stays accepted. A draft of a file that was being written
// may be left behind as .NAME.*; it is never read.
package app
