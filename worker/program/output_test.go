package program

import (
	"bytes"
	"fmt"
	"testing"
)

// TestNewTable checks that a table is aligned for people alone.
func TestNewTable(t *testing.T) {
	for name, test := range map[string]struct {
		terminal bool
		want     string
	}{
		"terminal": {true, "task   n  \nabcde  2  \n\n  10  \nend"},
		"pipe":     {false, "task\tn\nabcde\t2\n\n\t10\nend"},
	} {
		var out bytes.Buffer
		table := NewTable(&Output{Writer: &out, IsTerminal: test.terminal}, 2, 0)
		fmt.Fprint(table, "task\tn\t\nab")
		fmt.Fprint(table, "cde\t2\t\n\n\t10\t\nend")
		if err := table.Flush(); err != nil || out.String() != test.want {
			t.Errorf("%s: %q, error %v, want %q", name, out.String(), err, test.want)
		}
	}
}
