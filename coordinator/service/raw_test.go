package service_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// rawClient speaks HTTP/2 by hand, as no well-behaved client does. It is used by
// one goroutine.
type rawClient struct {
	*rig
	net.Conn
	frames  *http2.Framer
	headers bytes.Buffer
	encoder *hpack.Encoder
	stream  uint32 // the newest
	deaf    bool   // does not answer pings
}

// connect opens a connection and nothing else.
func (b *rig) connect() net.Conn {
	b.Helper()
	conn, err := b.listener.DialContext(context.Background())
	b.must(err)
	b.Cleanup(func() { conn.Close() })
	return conn
}

// speak greets the server in HTTP/2.
func (b *rig) speak() *rawClient {
	b.Helper()
	c := &rawClient{rig: b, Conn: b.connect()}
	c.frames = http2.NewFramer(c.Conn, c.Conn)
	c.encoder = hpack.NewEncoder(&c.headers)
	_, err := c.Write([]byte(http2.ClientPreface))
	b.must(err)
	b.must(c.frames.WriteSettings())
	return c
}

// open begins a call with a token and further headers (names and values).
func (c *rawClient) open(path, token string, more ...string) {
	c.Helper()
	fields := []string{
		":method", "POST", ":scheme", "http", ":path", path, ":authority", "rig",
		"content-type", "application/grpc", "te", "trailers", "authorization", "Bearer " + token,
	}
	c.headers.Reset()
	for pair := range slices.Chunk(append(fields, more...), 2) {
		c.must(c.encoder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]}))
	}
	c.stream += 2
	block := c.headers.Bytes()
	const frame = 16 << 10
	first := block[:min(len(block), frame)]
	// That the connection has ended shows when it is read.
	_ = c.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.stream - 1, BlockFragment: first, EndHeaders: len(first) == len(block),
	})
	if rest := block[len(first):]; len(rest) > 0 {
		_ = c.frames.WriteContinuation(c.stream-1, true, rest)
	}
}

// message sends a message of the newest call, or a part of one.
func (c *rawClient) message(body []byte, end bool) {
	_ = c.frames.WriteData(c.stream-1, end, body)
}

// until reads until a frame is what is waited for or the connection ends, and
// says how long that took. Settings and pings are answered on the way.
func (c *rawClient) until(wanted func(http2.Frame) bool) (took time.Duration, ended bool) {
	c.Helper()
	start := time.Now()
	for {
		frame, err := c.frames.ReadFrame()
		if err != nil {
			return time.Since(start), true
		}
		if wanted(frame) {
			return time.Since(start), false
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.frames.WriteSettingsAck() // the server may be gone: the next read tells
			}
		case *http2.PingFrame:
			if !f.IsAck() && !c.deaf {
				_ = c.frames.WritePing(true, f.Data)
			}
		}
	}
}

func nothing(http2.Frame) bool { return false }

// reset waits for the end of a stream without an answer.
func reset(stream uint32, code http2.ErrCode) func(http2.Frame) bool {
	return func(frame http2.Frame) bool {
		f, ok := frame.(*http2.RSTStreamFrame)
		return ok && f.StreamID == stream && f.ErrCode == code
	}
}

// answered waits for headers on a stream.
func answered(stream uint32) func(http2.Frame) bool {
	return func(frame http2.Frame) bool {
		f, ok := frame.(*http2.HeadersFrame)
		return ok && f.StreamID == stream
	}
}

// raw is a message that is sent as it is.
type raw []byte

// asIs is a codec for raw.
type asIs struct{}

func (asIs) Name() string                       { return "proto" }
func (asIs) Marshal(v any) ([]byte, error)      { return *v.(*raw), nil }
func (asIs) Unmarshal(data []byte, v any) error { *v.(*raw) = append([]byte{}, data...); return nil }
