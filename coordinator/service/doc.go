// Package service is the door of a coordinator: gRPC on one side, the rules of
// coordinator/queue on the other. It translates, checks and limits; it decides
// nothing. It is the only place where errors become status codes.
//
// # Who is trusted with what
//
// A caller is whoever shows a token (proto/credentials), on loopback too. There
// are two roles, each with a token and a service of its own, and neither token
// opens the other's service:
//
//   - a worker may hold tasks, report on the leases that it holds, and read the
//     recordings and the checkpoints that its leases resume from. It cannot see
//     the sweep's status, and cannot reopen or cancel anything.
//   - an operator may read the status and reopen tasks. It cannot report.
//
// The token is checked on the headers of a call, before any of its message is
// read, in a time that does not tell how much of it was right. Who fails learns
// "unauthenticated" and nothing else, whether the method exists or not. Tokens
// are never logged. Calls are plain text, so the coordinator listens on
// loopback addresses only.
//
// A worker is trusted to be what it says (there is no remote attestation of a
// training), but not to be correct: the size of every message, what it unpacks
// to, and the time that a call may take are bounded; identities, leases and
// labels are checked before they reach the queue; a result must be what its
// digest says and what its task's configuration allows before it is believed.
// One bad result is judged invalid and counts against its task as a failure; it
// never spoils the other reports of its call. A handler that panics fails its
// call alone.
//
// # States and crashes
//
// A handler is a function of the request, the store and the store's time
// ([Rules]); only the waiting of idle workers is not. What an answer says has
// been committed. Nothing here outlives the process but what the queue has
// stored: after a crash, callers call again. The one thing kept
// in memory is who has been about lately (see [Server.Farewell]), and forgetting
// it costs a worker nothing but a little patience.
package service
