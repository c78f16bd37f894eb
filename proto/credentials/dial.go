package credentials

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// MaxMessageBytes bounds every message in both directions. The largest are recordings, of
// 20 MB at most, and checkpoints of a few MiB.
const MaxMessageBytes = 20 << 20

// A client pings a connection that has received nothing for pingAfter, and closes it if no
// response comes within pingTimeout. A coordinator accepts a ping every 10 s at most.
const (
	pingAfter   = 12 * time.Second
	pingTimeout = 4 * time.Second
)

const (
	metadataKey = "authorization"
	scheme      = "Bearer "
	protocolKey = "spiqsweep-protocol"
)

// Dial returns a connection to one address whose calls carry the token. It sends nothing
// before the first call. With a CA the server must present a certificate of that authority for
// ServerName. Without one calls are plain text, and Dial rejects addresses of other machines
// unless the file is Insecure.
func (f File) Dial(address string) (*grpc.ClientConn, error) {
	if err := checkAddress(address); err != nil {
		return nil, fmt.Errorf("dial coordinator: %w", err)
	}
	if f.CA == "" && !f.Insecure && !Loopback(address) {
		return nil, fmt.Errorf("dial coordinator: %s is not on this machine, and without a ca in the credentials file the token would travel "+
			"in plain text: start the coordinator with --listen on an address that other machines reach, which makes one; "+
			"or use a loopback address through an SSH tunnel", address)
	}
	transport, err := f.transport(address)
	if err != nil {
		return nil, fmt.Errorf("dial coordinator %s: %w", address, err)
	}
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(bearer(f.Token)),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(MaxMessageBytes), grpc.MaxCallSendMsgSize(MaxMessageBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.WithNoProxy(),
	)
	if err != nil {
		return nil, fmt.Errorf("dial coordinator %s: %w", address, err)
	}
	return connection, nil
}

// Loopback reports whether host:port names this machine by a loopback address
// or as "localhost".
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// IsLocal reports whether only this machine reaches the coordinators of the file.
func (f File) IsLocal() bool {
	return !slices.ContainsFunc(f.Addresses, func(address string) bool { return !Loopback(address) })
}

// Present reports whether an incoming call carries the token. It compares in constant time.
func Present(ctx context.Context, token string) bool {
	values := metadata.ValueFromIncomingContext(ctx, metadataKey)
	if len(values) != 1 || token == "" {
		return false
	}
	shown, ok := strings.CutPrefix(values[0], scheme)
	return ok && subtle.ConstantTimeCompare([]byte(shown), []byte(token)) == 1
}

// Protocol returns the version of the contract that an incoming call states, as calls of Dial
// do.
func Protocol(ctx context.Context) (version int, ok bool) {
	values := metadata.ValueFromIncomingContext(ctx, protocolKey)
	if len(values) != 1 {
		return 0, false
	}
	version, err := strconv.Atoi(values[0])
	return version, err == nil
}

// bearer attaches a token to each call (RFC 6750), and the protocol's version.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{
		metadataKey: scheme + string(b),
		protocolKey: strconv.Itoa(spiqsweepv1.ProtocolVersion),
	}, nil
}

// RequireTransportSecurity returns false, since Dial decides where plain text is allowed.
func (b bearer) RequireTransportSecurity() bool { return false }

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("address %q is not host:port", address)
	}
	return nil
}
