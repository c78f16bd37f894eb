package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// transport returns the credentials for an address: TLS if the file has a CA, else plain text.
func (f File) transport(address string) (credentials.TransportCredentials, error) {
	if f.CA == "" {
		return explained{insecure.NewCredentials(), address, time.Time{}}, nil
	}
	pool, end, err := authorities(f.CA)
	if err != nil {
		return nil, err
	}
	return explained{credentials.NewTLS(&tls.Config{
		RootCAs: pool, ServerName: ServerName, MinVersion: tls.VersionTLS13,
	}), address, end}, nil
}

// explained adds the remedy to errors of handshakes.
type explained struct {
	credentials.TransportCredentials
	address string
	end     time.Time // of the authority; zero: plain text
}

func (e explained) Clone() credentials.TransportCredentials {
	return explained{e.TransportCredentials.Clone(), e.address, e.end}
}

func (e explained) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if e.Info().SecurityProtocol == "insecure" {
		raw = &plainConn{Conn: raw, address: e.address}
	}
	conn, info, err := e.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, e.explain(err)
	}
	return conn, info, nil
}

// copyAgain is the remedy for a damaged file, or one of another coordinator.
const copyAgain = "copy worker.json (or operator.json) again from the output folder of the coordinator that you mean"

func (e explained) explain(err error) error {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return &wrongAuthority{e.address}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return e.untimely(invalid.Cert, time.Now())
	case errors.As(err, &name):
		return fmt.Errorf("the certificate that %s shows is for another name than %q: "+
			"no coordinator listens there: check the address: %w", e.address, ServerName, err)
	case errors.As(err, &record):
		return fmt.Errorf("%s speaks plain text, the credentials file asks for TLS: %s: %w", e.address, copyAgain, err)
	default:
		return fmt.Errorf("no TLS with %s: %w", e.address, err)
	}
}

// untimely explains a certificate that is not valid at this machine's time.
func (e explained) untimely(c *x509.Certificate, now time.Time) error {
	clock := now.UTC().Format(time.DateTime) + " UTC by this machine's clock"
	switch {
	case now.Before(c.NotBefore):
		return fmt.Errorf("the certificate that %s shows is good from %s UTC on, and it is %s: "+
			"set the clock that is wrong, of this machine or of the coordinator's", e.address, c.NotBefore.UTC().Format(time.DateTime), clock)
	case now.After(e.end):
		return fmt.Errorf("the certificate authority of %s ended on %s, and it is %s: if the clock is right, %s",
			e.address, e.end.UTC().Format(time.DateOnly), clock, newAuthority)
	default:
		return fmt.Errorf("the certificate that %s shows ended at %s UTC, and it is %s: "+
			"set the clock that is wrong, of this machine or of the coordinator's; if both are right, start the coordinator again",
			e.address, c.NotAfter.UTC().Format(time.DateTime), clock)
	}
}

// wrongAuthority is the error of a server with a certificate of another authority. Unlike an
// unreachable server, it is final.
type wrongAuthority struct{ address string }

func (e *wrongAuthority) Error() string {
	return e.address + " shows a certificate of another authority than the credentials file names: " +
		"it is another coordinator, or somebody stands in between: " + copyAgain
}

// GRPCStatus returns the status of a call over the connection.
func (e *wrongAuthority) GRPCStatus() *status.Status {
	return status.New(codes.Unauthenticated, e.Error())
}

// noConnection is the prefix of gRPC's message for a failed connection.
const noConnection = "connection error: desc = "

// Unreached reports whether a call failed because its connection failed or broke, so that no
// server answered.
func Unreached(err error) bool {
	message := status.Convert(err).Message()
	return strings.HasPrefix(message, noConnection) || strings.HasPrefix(message, "error reading from server")
}

// dialling is the prefix of gRPC's reason why no connection could be opened.
const dialling = "Error while dialing: "

// Undialled reports whether a call failed because no connection to its address could be opened:
// nothing listens there, or the network does not lead there.
func Undialled(err error) bool {
	return Unreached(err) && strings.Contains(status.Convert(err).Message(), dialling)
}

// Explain returns the message of a failed call for people: the server's message, or why the
// connection failed, with the remedy for credentials that do not fit.
func Explain(err error) string {
	message := status.Convert(err).Message()
	_, quoted, _ := strings.Cut(message, noConnection)
	if why, err := strconv.Unquote(quoted); err == nil {
		why = strings.TrimPrefix(strings.TrimPrefix(why, "transport: "), "error reading server preface: ")
		if failure, dialled := strings.CutPrefix(why, dialling); dialled {
			failure = strings.TrimPrefix(strings.TrimPrefix(failure, "dial tcp "), "dial tcp: ")
			return strings.Replace(failure, ": connect: ", ": ", 1)
		}
		return strings.TrimPrefix(why, "authentication handshake failed: ")
	}
	if status.Code(err) == codes.Unauthenticated {
		if message == "unauthenticated" { // all that a coordinator tells an unknown caller
			message = "the token is not of this coordinator"
		}
		return message + ": " + copyAgain
	}
	return message
}

// plainConn checks the first response of a server to plain text, to detect one that requires
// TLS.
type plainConn struct {
	net.Conn
	address string
	checked bool // used by the reading goroutine only
}

// tlsAlert is the first byte of the answer of some TLS servers to plain text. Others close the
// connection.
const tlsAlert = 0x15

func (c *plainConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.checked {
		return n, err
	}
	c.checked = true
	switch {
	case n > 0 && p[0] == tlsAlert:
		return 0, fmt.Errorf("%s asks for TLS, but the credentials file names no authority: %s", c.address, copyAgain)
	case n == 0 && err != nil && !errors.Is(err, net.ErrClosed):
		return 0, fmt.Errorf("%s closes connections without TLS, and the credentials file names no authority for TLS: %s", c.address, copyAgain)
	default:
		return n, err
	}
}
