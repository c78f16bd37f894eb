// Package app implements the commands on a sweep: open, run, resume, status, verify and
// those of operators.
//
// [Prepare] checks a grid and its recording and plans the tasks; it writes nothing.
// [Open] locks the output folder and plans the sweep, in its own store or at a remote
// coordinator. [App.Run] follows the sweep until every task is finished or its context
// ends; if the store is its own, it serves workers (coordinator/host). It brings the
// output folder (coordinator/folder) up to date every RefreshEvery and at the end.
// [App.Close] releases everything. A [Place] is for commands from other terminals.
//
// # The store holds the state
//
// All state is in the store. One interface reads the own store and a remote coordinator,
// so that the output folder is the same.
//
// # Bad input
//
// All input is checked before the folder is created. Errors that the user can fix are
// *folder.InputError. Before Open changes a file, it refuses
//
//   - a folder with other files than those of a sweep;
//   - a grid whose sweep has another name than that of the folder, or that keeps none of
//     its tasks, and results whose sweep is not in the store, unless Config.Replace.
//
// A folder whose sweep.id is missing gets the only sweep of its store. operator.json
// describes the folder that it was written for, so that a copy of the folder is not taken
// for the original.
//
// # Crashes
//
// The same command resumes a sweep whose coordinator was killed: the system has released
// the lock, sweep.id leads to the sweep, and accepted results stay accepted. The same
// holds for a command that only followed a remote sweep.
package app
