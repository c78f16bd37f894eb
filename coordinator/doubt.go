package main

import (
	"strings"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
)

// namedDoubts bounds how many results a command line names.
const namedDoubts = 5

// doubt says which results are not stored as they were accepted, and what tells
// more about them.
func (t *terminal) doubt(a *app.App) {
	doubts := a.Doubts()
	if len(doubts) == 0 {
		return
	}
	command := []string{"verify", "--out", a.Folder()}
	if len(doubts) > namedDoubts {
		command = append(command, "--share", "1")
	}
	var named []string
	for _, d := range doubts[:min(len(doubts), namedDoubts)] {
		named = append(named, "  "+d.Label+": "+sweep.Printable(d.Reason))
		if len(doubts) <= namedDoubts {
			command = append(command, short(string(d.Task)))
		}
	}
	if more := len(doubts) - len(named); more > 0 {
		named = append(named, "  and "+count(more, "other"))
	}
	t.say("NOT TO BE TRUSTED: %s in the store, and tables show no number of it:\n%s\nrun again and compare with\n  %s\nwhat it finds is mended by another run of the sweep after\n  %s",
		count(len(doubts), "result"), strings.Join(named, "\n"), commandLine("coordinator", command...),
		commandLine("coordinator", "retry", "--diverged", "--out", a.Folder()))
}
