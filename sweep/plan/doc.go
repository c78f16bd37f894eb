// Package plan turns a grid into tasks: which rows results.csv has, which
// trainings they need, in what order these run, and how long they may take.
//
// Rows are in grid order, the replicates inside a cell. Tasks run in another
// order: replicate by replicate, the longest first within one, so that a first
// whole figure comes early and no long task is left for the end.
//
// # Rows that share a task
//
// Two cells may differ only in a setting that one of them does not read: with
// axes k = [0, 1] and k_loss = ["absolute", "square"], both cells of k = 0 are
// the same training. It is one task, run once; both rows show it, so that every
// form of the K-loss can be compared with its standard loss. A row's own
// configuration, not its task's, therefore says what to print in it.
//
// # Truth and crashes
//
// A plan is a function of the grid, the recording's digests, the numerics and
// the kernel class: made again after a crash it is the same. What is finished
// is known to the store alone; [Plan.Estimate] is told.
package plan
