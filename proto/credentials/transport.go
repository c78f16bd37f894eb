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

// transport is how calls travel to an address: by TLS if the file names an
// authority, else as plain text.
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

// explained says of a failed handshake what would mend it.
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
		raw = &listening{Conn: raw, address: e.address}
	}
	conn, info, err := e.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return nil, nil, e.explain(err)
	}
	return conn, info, nil
}

// copyAgain is the remedy for a file that is damaged, or of another coordinator.
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
		return &stranger{e.address}
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

// untimely explains a certificate that has ended, or has not begun, at this
// machine's time.
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

// stranger is whoever shows a certificate of another authority: unlike one that is
// away, it will not be the right one later.
type stranger struct{ address string }

func (s *stranger) Error() string {
	return s.address + " shows a certificate of another authority than the credentials file names: " +
		"it is another coordinator, or somebody stands in between: " + copyAgain
}

// GRPCStatus is the status of a call that would have gone there.
func (s *stranger) GRPCStatus() *status.Status { return status.New(codes.Unauthenticated, s.Error()) }

// noConnection begins what gRPC says of a call for which no connection came about.
const noConnection = "connection error: desc = "

// Unreached reports whether a call failed because no connection came about, or
// because it broke: nobody has answered.
func Unreached(err error) bool {
	message := status.Convert(err).Message()
	return strings.HasPrefix(message, noConnection) || strings.HasPrefix(message, "error reading from server")
}

// Told is what a failed call says to a person: what the other end answered or, if
// no connection came about, why; and what mends it where the credentials do not fit.
func Explain(err error) string {
	message := status.Convert(err).Message()
	_, quoted, _ := strings.Cut(message, noConnection)
	if why, err := strconv.Unquote(quoted); err == nil {
		why = strings.TrimPrefix(why, "transport: ")
		return strings.TrimPrefix(why, "authentication handshake failed: ")
	}
	if status.Code(err) == codes.Unauthenticated {
		return message + ": " + copyAgain
	}
	return message
}

// listening hears what the other end, spoken to in plain text, says first.
type listening struct {
	net.Conn
	address string
	heard   bool // of the reading goroutine alone
}

// tlsAlert begins what some TLS servers answer to plain text; others hang up.
const tlsAlert = 0x15

func (l *listening) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.heard {
		return n, err
	}
	l.heard = true
	switch {
	case n > 0 && p[0] == tlsAlert:
		return 0, fmt.Errorf("%s asks for TLS, but the credentials file names no authority: %s", l.address, copyAgain)
	case n == 0 && err != nil && !errors.Is(err, net.ErrClosed):
		return 0, fmt.Errorf("%s hangs up on plain text; if it asks for TLS, %s: %w", l.address, copyAgain, err)
	default:
		return n, err
	}
}
