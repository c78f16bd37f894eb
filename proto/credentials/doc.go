// Package credentials holds who may call a coordinator, where, and how.
//
// A coordinator writes two files into its output folder, worker.json and
// operator.json. Each names the addresses that the coordinator listens on and
// the token of one role: a worker's token opens WorkerService, an operator's
// OperatorService. Whoever can read a file may act in its role, so the files
// are private to their owner (0600) and appear whole or not at all (written
// beside their place, then renamed). The coordinator owns the truth; after a
// crash it finds its own files and keeps the tokens, so that workers which
// outlived it come back.
//
// # TLS
//
// A coordinator that other machines can reach speaks TLS 1.3. It has an
// [Authority], made at its first start or given to it, whose certificate
// stands in both files; at each start the authority signs a new certificate for
// one fixed name, [ServerName]. A client believes this name from this authority
// and nobody else, whatever the address: coordinators may move, sit behind
// tunnels, and be several with one authority. The token follows only once the
// other end is believed. Where the authority's key is (ca-key.pem, 0600), there
// one can pass for the coordinator; it never leaves the output folder.
//
// Without an authority calls are plain text, to loopback addresses only unless
// the file is Insecure.
//
// # What is shown
//
// A token is shown to nobody: it travels in the metadata of each call, and
// printing a File hides it. A failed handshake says what would mend it.
package credentials
