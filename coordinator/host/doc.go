// Package host serves a store: a [Host] listens for workers and operators, keeps the
// keys of its folder, drives the clock of the queue, and runs local workers. The
// coordinator of one sweep uses it (coordinator/app); a [Server] serves all sweeps of a
// store without a grid.
//
// # Keys
//
// worker.json and operator.json in the folder hold the addresses, the tokens and the
// certificate of the authority. The tokens outlive the coordinator, so that its
// workers find the next one. Several coordinators of one store that share a folder
// list each other's addresses there.
//
// # Shutdown
//
// Stop asks the local workers to hand back their tasks, waits for them, then stops the
// server and gives running calls a moment to finish. Close releases the address and
// the store.
package host
