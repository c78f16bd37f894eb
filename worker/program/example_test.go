package program_test

import (
	"bytes"
	"fmt"

	"spiqsweep/worker/program"
)

// A table is aligned for people, and has tabs for programs.
func ExampleNewTable() {
	var out bytes.Buffer
	for _, isTerminal := range []bool{true, false} {
		table := program.NewTable(&program.Output{Writer: &out, IsTerminal: isTerminal}, 2, 0)
		fmt.Fprintln(table, "neurons\tstate")
		fmt.Fprintln(table, "2\tdone")
		if err := table.Flush(); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%q\n", out.String())
	// Output: "neurons  state\n2        done\nneurons\tstate\n2\tdone\n"
}
