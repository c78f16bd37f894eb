package credentials

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// MaxMessageBytes bounds a single message, in both directions and at both ends:
// the largest are recordings and checkpoints, which take a few MiB.
const MaxMessageBytes = 16 << 20

// A connection on which nothing has come in for silence is asked whether the
// other end is there, and given up without an answer: calls on it fail then. A
// coordinator takes questions at most every 10 s.
const (
	silence  = 12 * time.Second
	noAnswer = 4 * time.Second
)

const (
	metadataKey = "authorization"
	scheme      = "Bearer "
	protocolKey = "spiqsweep-protocol"
)

// Dial prepares calls to one address, each carrying the token. Nothing is sent
// before the first call. With a CA the other end must show a certificate of
// that authority for ServerName; without one calls are plain text, and addresses
// off this machine are refused unless the file is Insecure.
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
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: silence, Timeout: noAnswer}),
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

// Present reports whether an incoming call carries the token, in a time that
// does not tell how much of it was right.
func Present(ctx context.Context, token string) bool {
	values := metadata.ValueFromIncomingContext(ctx, metadataKey)
	if len(values) != 1 || token == "" {
		return false
	}
	shown, ok := strings.CutPrefix(values[0], scheme)
	return ok && subtle.ConstantTimeCompare([]byte(shown), []byte(token)) == 1
}

// Protocol is the version of the contract that the caller of an incoming call
// says it speaks, as those of Dial do.
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

// RequireTransportSecurity is false because Dial decides where plain text may go.
func (b bearer) RequireTransportSecurity() bool { return false }

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("address %q is not host:port", address)
	}
	return nil
}
