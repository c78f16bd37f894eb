package protocol_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"spiqsweep/proto/protocol"
)

// frame returns a zstd frame of blocks of one repeated byte, whose header claims a size.
func frame(claimed uint32, blocks int) []byte {
	body := binary.LittleEndian.AppendUint32([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0}, claimed) // one segment, size in 4 bytes
	const most = 128 << 10
	for i := range blocks {
		header := uint32(most<<3 | 1<<1) // repeats one byte
		if i == blocks-1 {
			header |= 1
		}
		body = append(body, byte(header), byte(header>>8), byte(header>>16), 'x')
	}
	return body
}

func TestUnpackReversesPack(t *testing.T) {
	noise := make([]byte, 3<<20)
	rand.Read(noise)
	for _, body := range [][]byte{{}, []byte("a"), []byte(strings.Repeat("spikes ", 40)), noise, make([]byte, 20<<20)} {
		got, err := protocol.Unpack(protocol.Pack(body), len(body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: unpacked %d, %v", len(body), len(got), err)
		}
	}
}

func TestUnpackedSize(t *testing.T) {
	for name, test := range map[string]struct {
		body []byte
		want int
	}{
		"a body":             {protocol.Pack(make([]byte, 5000)), 5000},
		"a small body":       {protocol.Pack([]byte("a")), 256},
		"no frame":           {[]byte("spikes"), 0},
		"empty":              {nil, 0},
		"claims the maximum": {frame(protocol.MaxUnpackedBytes, 1), protocol.MaxUnpackedBytes},
		"claims more":        {frame(protocol.MaxUnpackedBytes+1, 1), 0},
	} {
		if got := protocol.UnpackedSize(test.body); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// TestUnpackLimitsSize unpacks bodies with false sizes. Unpack must not exceed the claimed size,
// nor accept a claim beyond the budget.
func TestUnpackLimitsSize(t *testing.T) {
	var streamed bytes.Buffer
	encoder, err := zstd.NewWriter(&streamed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encoder.Write(make([]byte, 1<<10)); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Flush(); err != nil { // the size is not yet known, so the header omits it
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	good := protocol.Pack(make([]byte, 1000))
	tests := map[string]struct {
		body    []byte
		charged int
		want    string
	}{
		"claims too much":   {frame(2<<20, 16), 0, "at most 1048576"},
		"claims too little": {frame(16, 1<<12), 16, "unpack"},
		"claims all":        {frame(1<<20, 1), 1 << 20, "unpack"},
		"two frames":        {append(frame(128<<10, 1), frame(128<<10, 1)...), 128 << 10, "unpack"},
		"a skippable frame": {append([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, good...), 0, "unpack"},
		"claims nothing":    {streamed.Bytes(), 256, "exceeds"},
		"broken":            {good[:len(good)-1], 1000, "unpack"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			budget := protocol.Budget(1 << 20)
			got, err := budget.Unpack(test.body)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("unpacked %d bytes, %v, want an error with %q", len(got), err, test.want)
			}
			if charged := 1<<20 - int(budget); charged != test.charged {
				t.Errorf("charged %d bytes, want %d", charged, test.charged)
			}
		})
	}
	if got, err := protocol.Unpack(frame(128<<10, 1), 128<<10); err != nil || len(got) != 128<<10 {
		t.Errorf("an honest frame: %d bytes, %v", len(got), err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(protocol.Pack([]byte("spikes")))
	f.Add(frame(128<<10, 1))
	f.Add(frame(16, 64))
	f.Fuzz(func(t *testing.T, body []byte) {
		budget := protocol.Budget(1 << 20)
		got, err := budget.Unpack(body)
		if budget < 0 || budget > 1<<20 {
			t.Fatalf("budget is %d", budget)
		}
		if err == nil && len(got) > 1<<20-int(budget) {
			t.Fatalf("unpacked %d bytes but charged %d", len(got), 1<<20-budget)
		}
	})
}
