package main

import (
	"strings"

	"spiqsweep/coordinator/store"
)

// again is the command of a run, to be given once more. A store whose URL shows its
// password is left out: what is printed here ends up in logs, and the output folder
// remembers the store in a file that its owner alone can read.
func again(arguments []string) string {
	var kept []string
	for i := 0; i < len(arguments); i++ {
		switch url, joined := strings.CutPrefix(arguments[i], "--store="); {
		case joined && store.ShowsPassword(url):
		case arguments[i] == "--store" && i+1 < len(arguments) && store.ShowsPassword(arguments[i+1]):
			i++
		default:
			kept = append(kept, arguments[i])
		}
	}
	command := commandLine("coordinator", kept...)
	if len(kept) < len(arguments) {
		command += "\nwithout --store, whose URL shows a password: the output folder remembers it " +
			"(better, give it without one, and the password in PGPASSWORD or ~/.pgpass)"
	}
	return command
}
