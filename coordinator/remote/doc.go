// Package remote is a queue that another coordinator keeps: a client of
// OperatorService whose methods are those of queue.Queue that a person's
// commands need, with the same types and the same errors.
//
// # Who owns the truth
//
// The coordinator does. A Client remembers which of its addresses answered last,
// and nothing else.
//
// # Several coordinators, and one that is away
//
// The addresses of the credentials serve one store. A call goes to the one that
// answered last; if it does not answer, to the next at once, and after a round of
// all of them again, after a pause that grows, until Patience is over: then the
// call has failed with queue.ErrUnavailable. What failed may have happened: each
// call can be made again without harm. A plan is then the same revision; a
// stream goes on where it broke off.
//
// # Crashes
//
// A coordinator that is killed in the middle of a call is one that does not
// answer. A client that is killed leaves nothing behind: a plan that was not sent
// whole does not exist.
package remote
