// Package service is the door of a coordinator: gRPC on one side, the rules of
// coordinator/queue on the other. It translates, checks and limits; it decides
// nothing. It is the only place where errors become status codes.
//
// # Who may attack
//
//   - Whoever reaches the port, or sits on the network in between, without a
//     token.
//   - A worker, or who has got hold of worker.json: on machines that the lab does
//     not own this is to be expected.
//   - Whoever has operator.json, the output folder, the store or the coordinator's
//     account: they own the sweeps, and nothing here is meant to stop them.
//
// # What a token opens
//
// A caller is whoever shows a token (proto/credentials), on loopback too. There
// are two roles, each with a token and a service of its own, and neither token
// opens the other's service:
//
//   - a worker may hold tasks, report on the leases that its process was granted,
//     and read the recordings and the checkpoints that its leases resume from. It
//     sees neither sweeps nor results, and cannot plan, reopen, cancel or forget.
//   - an operator may plan, read, reopen, cancel, drain, verify and forget sweeps.
//     It cannot report.
//
// # What is defended
//
//   - Secrecy and the right coordinator: TLS 1.3 with one authority and one name
//     wherever other machines can call (Config.TLS); plain text is for loopback,
//     or said to be insecure. The token is sent once the coordinator has proved
//     itself, never logged, and compared in a time that does not tell how much of
//     it was right.
//   - Silence towards strangers: the token is checked on a call's headers, before
//     any of its message is read. Who fails learns "unauthenticated" and nothing
//     else, on every method, existing or not. A connection that shows no right
//     token in time, or wrong ones again and again, is cut.
//   - Resources (limits.go): connections, handshakes, headers, streams, messages,
//     what they unpack to, rates by connection and by process, the rate at which an
//     address presents new processes, the time of every
//     call and stream, and of a caller that sends or reads too slowly, or not at
//     all. No connection is kept for ever.
//   - The store: identities, leases, labels and texts are checked before they
//     reach the queue. A result must be what its digest says, in canonical form,
//     and of the shape and within the ranges of its task's configuration. It must
//     come from the process that was granted the attempt, which is looked up before
//     the result is unpacked (or proven by what came with the lease, an HMAC under the
//     operators' token, where the store has lost it), and be no larger than its task's can be. One that does
//     not hold is judged invalid and counts as a failure of its task. A call names
//     leases that were granted: of others, a few hundred are looked up. A sweep's
//     tasks must be those that their digests name.
//   - People: text of workers (labels, failures, logs) becomes printable when it comes
//     in; so does that of a coordinator when a client reads it.
//   - The program: a handler that panics fails its call alone; an error that
//     nobody foresaw is logged, and its caller learns no details.
//   - Other versions are refused with a sentence that says which side to update.
//
// Who is turned away is counted ([Server.Refusals]) and logged, each kind once in
// a while: by address and in our words, with nothing that was sent.
//
// # What is not
//
//   - A worker that lies well. There is no attestation of a training: numbers of
//     the right shape are believed until another run of the task differs
//     (`coordinator verify`, late results). A worker can also fail tasks until
//     they fail, hold them and do nothing, give itself any name, and read
//     any recording whose digest it knows.
//   - Processes among each other: all workers show one token, and a process is
//     known by an identity that it made up. It is random and shown to operators
//     alone, but nothing else keeps one worker from speaking as another.
//   - Memory, against callers with a token: each may have maxStreams messages of
//     the largest size under way on each of its connections.
//   - Floods: many machines can take up all connections for as long as the
//     introduction lasts, again and again. That is a firewall's work.
//   - One token of many: there is one for each role. To withdraw one, delete its
//     file and start the coordinator again; to withdraw an authority, delete ca.pem.
//   - Who reads the output folder or the store: they are protected by their
//     owner's permissions alone.
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
