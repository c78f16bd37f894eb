// Package service serves a queue over gRPC. It authenticates callers, limits
// their use of resources, checks and translates messages, and passes calls to
// coordinator/queue, which makes every decision. It is the only package that
// turns errors into status codes.
//
// # Threat model
//
// The package defends against
//
//   - anyone who reaches the port, or controls the network, without a token;
//   - workers and anyone who holds worker.json, which is to be expected on
//     machines that the lab does not own.
//
// It does not defend against the holder of operator.json, or of the account, the
// output folder or the store of the coordinator: they own the sweeps.
//
// # Roles
//
// Every call but a health check shows a token (proto/credentials), also on loopback.
// Each of the two roles has its own token and its own service; a token does not open
// the other service. Reflection needs the operators' token.
//
//   - A worker may hold tasks, report on leases granted to its process, and read
//     recordings and the checkpoints from which its leases resume. It sees
//     neither sweeps nor results, and cannot plan, reopen, cancel or delete.
//   - An operator may plan, read, reopen, cancel, drain, verify and delete sweeps.
//     It cannot report results.
//
// # Defences
//
//   - Confidentiality and server identity: TLS 1.3 with one authority and one name
//     wherever other machines can call (Config.TLS); plain text only on loopback,
//     or where the user declared it insecure. Clients send the token after the
//     server has proved its identity. The token is never logged and is compared in
//     constant time.
//   - Authentication before parsing: the token is checked on the headers of a call.
//     A failed check yields "unauthenticated" and no more, for every method,
//     existing or not. A connection without a valid token in time, or with many
//     invalid ones, is closed. A health check without a token is answered without
//     reading its message or the store.
//   - Resource limits (limits.go): connections, handshakes, headers, streams,
//     message sizes, decompressed sizes, call rates by connection and by process,
//     the rate of new processes by address, the time of each call and stream, and
//     the time for which a caller may neither send nor read. No connection lasts
//     for ever.
//   - The store: IDs, leases, labels and texts are checked before they reach the
//     queue. A result must match its digest, be canonical, and have the shape and
//     ranges of its task's configuration. Its attempt must have been granted to the
//     reporting process; this is checked before the result is decompressed, in the
//     store or, if the store lost the attempt, by an HMAC under the operator token.
//     Its size must not exceed the maximum of its task. A result that fails a check
//     is judged invalid and counts as a failure of its task. Of a call that names
//     many leases that were never granted, only a few hundred are looked up. The
//     tasks of a sweep must match their IDs.
//   - Terminals: text from workers (labels, failures, logs) is made printable on
//     receipt.
//   - The process: a panic of a handler fails only its call. An unexpected error is
//     logged, and the caller receives no details.
//   - Versions: a caller of another version is refused with a message that names
//     the side to update.
//
// Refused callers are counted ([Server.Refusals]) and logged by address, each kind
// at a limited rate, without anything that they sent.
//
// # Limits of the defence
//
//   - Results are not attested: plausible numbers are believed until another run of
//     the task differs (`coordinator verify`, late results). A worker can also fail
//     tasks, hold them and do nothing, choose any name, and read any recording whose
//     digest it knows.
//   - All workers share one token, and a process chooses its own random ID. Only the
//     secrecy of that ID keeps one worker from calling as another.
//   - An authenticated caller may have maxStreams messages of the largest size in
//     flight on each of its connections.
//   - Many machines can occupy all connections until their authentication times out,
//     repeatedly. A firewall must prevent this.
//   - Tokens are per role. To revoke one, delete its file and restart the
//     coordinator; to revoke an authority, delete ca.pem.
//   - The output folder and the store are protected by file permissions only.
//
// # State and crashes
//
// A handler depends on the request, the store and the store's time ([Rules]); only
// the long poll of idle workers uses this machine's clock. Everything that a
// response states has been committed. After a crash, callers repeat their calls.
// The server keeps in memory which workers called recently (see
// [Server.WaitForWorkers]); losing that costs a worker a delay at most.
package service
