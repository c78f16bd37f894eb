// Package plan turns a grid into tasks: the rows of results.csv, the trainings they
// need, the order of execution, and an estimate of the time.
//
// Rows are in grid order, with the replicates of a configuration together. Tasks
// run replicate by replicate, and within a replicate the longest first, so that a
// first complete figure is ready early and no long task runs alone at the end.
//
// # Rows that share a task
//
// Two configurations may differ only in a setting that neither reads: with axes
// k = [0, 1] and k_loss = ["absolute", "square"], both configurations of k = 0 are
// the same training. It is one task and runs once. Both rows show it, each with its
// own configuration, so that every form of the K-loss can be compared with the
// standard loss.
//
// # Crashes
//
// A plan depends only on the grid, the recordings' digests, the numerics version
// and the kernel class, so it is the same after a crash. Only the store knows which
// tasks are finished; [Plan.Estimate] takes them as an argument.
package plan
