// Package remote is a client of OperatorService. A Client has the methods of queue.Queue
// that operator commands need, with the same types and the same errors.
//
// # Several coordinators and outages
//
// The addresses of the credentials serve one store. A call goes to the coordinator that
// answered last. If it does not answer, the call goes to the next immediately, and after a
// round of all addresses again after a growing pause, until the patience of the Client has
// passed. The error is then queue.ErrUnavailable. A failed call may have taken effect;
// every call may be repeated without harm: a plan yields the same revision, and a stream of
// rows continues where it stopped.
//
// # State and crashes
//
// The coordinators own all state; a Client keeps only its connections. A coordinator that
// is killed during a call counts as one that does not answer. A client that is killed
// during a plan leaves no part of it behind.
package remote
