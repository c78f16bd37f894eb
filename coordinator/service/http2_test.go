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

// http2Client sends single HTTP/2 frames, as an ill-behaved client would. It is not safe
// for concurrent use.
type http2Client struct {
	*fixture
	net.Conn
	frames      *http2.Framer
	headers     bytes.Buffer
	encoder     *hpack.Encoder
	stream      uint32 // one above the newest ID
	ignorePings bool   // does not acknowledge pings
}

// connect opens a connection and sends nothing.
func (b *fixture) connect() net.Conn {
	b.Helper()
	conn, err := b.listener.DialContext(context.Background())
	b.must(err)
	b.Cleanup(func() { conn.Close() })
	return conn
}

// connectHTTP2 opens a connection and sends the HTTP/2 preface.
func (b *fixture) connectHTTP2() *http2Client {
	b.Helper()
	c := &http2Client{fixture: b, Conn: b.connect()}
	c.frames = http2.NewFramer(c.Conn, c.Conn)
	c.encoder = hpack.NewEncoder(&c.headers)
	_, err := c.Write([]byte(http2.ClientPreface))
	b.must(err)
	b.must(c.frames.WriteSettings())
	return c
}

// open begins a call with a token and further headers (names and values).
func (c *http2Client) open(path, token string, more ...string) {
	c.Helper()
	fields := []string{
		":method", "POST", ":scheme", "http", ":path", path, ":authority", "test",
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
	// A closed connection is noticed by the next read.
	_ = c.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.stream - 1, BlockFragment: first, EndHeaders: len(first) == len(block),
	})
	if rest := block[len(first):]; len(rest) > 0 {
		_ = c.frames.WriteContinuation(c.stream-1, true, rest)
	}
}

// message sends data on the newest stream.
func (c *http2Client) message(body []byte, end bool) {
	_ = c.frames.WriteData(c.stream-1, end, body)
}

// until reads frames until one is wanted or the connection ends, and returns the time this
// took. It acknowledges settings and pings.
func (c *http2Client) until(wanted func(http2.Frame) bool) (took time.Duration, ended bool) {
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
				_ = c.frames.WriteSettingsAck() // the next read notices a closed connection
			}
		case *http2.PingFrame:
			if !f.IsAck() && !c.ignorePings {
				_ = c.frames.WritePing(true, f.Data)
			}
		}
	}
}

func nothing(http2.Frame) bool { return false }

// reset matches the reset of a stream.
func reset(stream uint32, code http2.ErrCode) func(http2.Frame) bool {
	return func(frame http2.Frame) bool {
		f, ok := frame.(*http2.RSTStreamFrame)
		return ok && f.StreamID == stream && f.ErrCode == code
	}
}

// answered matches headers on a stream.
func answered(stream uint32) func(http2.Frame) bool {
	return func(frame http2.Frame) bool {
		f, ok := frame.(*http2.HeadersFrame)
		return ok && f.StreamID == stream
	}
}

// raw is an encoded message.
type raw []byte

// rawCodec sends and receives raw.
type rawCodec struct{}

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*raw), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*raw) = append([]byte{}, data...)
	return nil
}
