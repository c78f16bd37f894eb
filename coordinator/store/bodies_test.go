package store

import (
	"bytes"
	"strings"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/protocol"
)

// TestPackedBodies checks which form of a body is stored, and that a body that was altered does
// not read as the original.
func TestPackedBodies(t *testing.T) {
	body := []byte(strings.Repeat(`{"a":1}`, 100))
	frame := protocol.Pack(body)
	for name, c := range map[string]struct{ given, want []byte }{
		"compressed":         {frame, frame},
		"none":               {nil, body},
		"not compressed":     {body[:1], body},
		"longer than a body": {append(frame, make([]byte, len(body))...), body},
	} {
		got := packed(queue.StoredResult{Body: body, Packed: c.given})
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: stored %q, want %q", name, got, c.want)
		}
		if read := unpacked(got); !bytes.Equal(read, body) {
			t.Errorf("%s: read %q, want %q", name, read, body)
		}
	}
	for _, i := range []int{len(frame) / 2, len(frame) - 1} { // the content, and the checksum
		altered := bytes.Clone(frame)
		altered[i] ^= 1
		if bytes.Equal(unpacked(altered), body) {
			t.Errorf("byte %d was altered, and the body reads as before", i)
		}
	}
}
