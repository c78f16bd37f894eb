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
// A token is shown to nobody: it travels in the metadata of each call, and
// printing a File hides it. Calls are plain text, hence to loopback addresses
// only.
package credentials
