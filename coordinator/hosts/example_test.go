package hosts_test

import (
	"fmt"

	"spiqsweep/coordinator/hosts"
)

func ExampleParseFile() {
	all, err := hosts.ParseFile("hosts.txt", `
# workstations
node17
me@node18 slots=4 nice=10 # half of its cores
`)
	for _, h := range all {
		fmt.Println(h.Name, h.Slots, h.Nice)
	}
	fmt.Println(err)
	_, err = hosts.ParseFile("hosts.txt", "node17 slots=many")
	fmt.Println(err)
	// Output:
	// node17 0 0
	// me@node18 4 10
	// <nil>
	// hosts.txt:1: slots=many: must be a whole number from 1 to 4096
}
