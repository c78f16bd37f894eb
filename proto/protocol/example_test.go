package protocol_test

import (
	"bytes"
	"fmt"

	"spiqsweep/proto/protocol"
)

// The bodies of a message share a budget, so that small messages cannot claim much memory.
func ExampleBudget() {
	packed := protocol.Pack(bytes.Repeat([]byte("spikes "), 1000))
	budget := protocol.Budget(10_000)
	body, err := budget.Unpack(packed)
	fmt.Println(len(packed) < 100, len(body), err)
	_, err = budget.Unpack(packed)
	fmt.Println(err)
	// Output:
	// true 7000 <nil>
	// unpack: 7000 bytes: at most 3000 are accepted
}
