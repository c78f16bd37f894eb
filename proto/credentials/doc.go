// Package credentials holds the addresses, tokens and certificates with which clients call a
// coordinator.
//
// A coordinator writes two files to its output folder, worker.json and operator.json. Each
// contains the addresses of the coordinator and the token of one role: that of a worker opens
// WorkerService, that of an operator OperatorService. Anyone who can read a file may act in its
// role, so its mode is 0600, and it is written atomically. After a crash the coordinator reads
// its files and keeps the tokens, so that its workers can reconnect.
//
// # TLS
//
// A coordinator that other machines can reach uses TLS 1.3. It has an [Authority], created at
// its first start or provided by the user, whose certificate is in both files. At each start
// the authority signs a new certificate for one fixed name, [ServerName]. A client accepts this
// name from this authority only, whatever the address: coordinators may move, be behind
// tunnels, and share an authority. A client sends its token after this check. The holder of the
// authority's key (ca-key.pem, 0600) can impersonate the coordinator; the key never leaves the
// output folder.
//
// Without an authority calls are plain text, and only to loopback addresses unless the file is
// Insecure.
//
// # Secrecy
//
// Tokens travel only in the metadata of calls; printing a File hides its token.
package credentials
