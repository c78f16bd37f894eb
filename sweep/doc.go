// Package sweep defines the configuration of one training, the content-addressed
// task made from it, and its result. It imports only the standard library, so that
// every other package can import it.
//
// # Settings
//
// The table behind [Settings] is the only definition of the settings' names,
// defaults, allowed values and meanings. The grid's parser, the canonical form, the
// columns of results.csv and the documentation read it.
//
// A [TaskID] is a digest of everything that decides a task's numbers. Tasks with the
// same ID are the same task, from whichever grid, file or machine. [Canonical]
// leaves out a setting that the configuration does not read, so that its value does
// not make another task.
//
// # States
//
// A task is Pending until one of its results is accepted, then Done. It is Failed
// after too many failures or lost workers, and Diverged if two of its results
// differ. Both last until `coordinator retry`. Package coordinator/queue implements
// the rules; this package only names the states.
//
// # Crashes
//
// This package holds no state. The encoded forms of configurations and results are
// canonical, so that those from before a crash can be compared byte for byte with
// those made after it.
package sweep
