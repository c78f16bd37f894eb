// Package sweep says what a sweep is: the configuration of one training, the
// content-addressed task that it becomes, and the result that comes back. It
// imports the standard library only, so that every other part can import it.
//
// # Truth
//
// The table behind [Settings] is the only place that knows a setting's name,
// default, allowed values and meaning. The grid's parser, the canonical form,
// the columns of results.csv and the documentation are read from it.
//
// A [TaskID] is a digest of everything that decides a task's numbers, so two
// tasks of the same ID are the same task, whichever grid, file or machine they
// come from. [Canonical] defines "everything": a setting that the
// configuration's model and objective do not read is left out, so that it
// cannot make two tasks of one.
//
// # States
//
// A task is Pending until a result of it is accepted, then Done. It is
// Failed when it failed or was lost too often, and Diverged when two of its
// results differ; both wait for a person's `coordinator retry`. The rules are
// kept by coordinator/queue; this package only names the states.
//
// # Crashes
//
// Nothing here holds state: configurations and results are plain values, and
// their encoded forms are canonical, so that what was stored before a crash can
// be compared byte for byte with what is made after it.
package sweep
