// The race detector reserves terabytes of addresses.
//
//go:build !race

package main

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestSmallDataSegment checks that the limits are checked before packages are initialised that
// need more: without the check, SQLite's end this program with a stack trace.
func TestSmallDataSegment(t *testing.T) {
	said, err := exec.Command("sh", "-c", `ulimit -d 90000 && exec "$0" -test.list='^$'`, os.Args[0]).CombinedOutput()
	if one := regexp.MustCompile(`^\S+: the limit of the data segment is \d\d MB \(ulimit -d.*\n$`); err == nil || !one.Match(said) {
		t.Errorf("error %v: %s", err, said)
	}
}
