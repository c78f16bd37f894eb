package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"spiqsweep/simulator/inputfile"
)

// ServerName is the name that every coordinator's certificate is for: whose
// certificate it is says its authority alone, so that addresses may change.
const ServerName = "spiqsweep"

const (
	// authorityLife is how long a new authority is trusted: longer than any sweep.
	authorityLife = 10 * 365 * 24 * time.Hour
	// certificateLife is how long a server's certificate is good. A server that
	// runs on has a new one after half of it.
	certificateLife = 365 * 24 * time.Hour
	// endingSoon is how long before its end an authority should be replaced.
	endingSoon = 180 * 24 * time.Hour
	// skew is how far the clocks of two machines may be apart.
	skew = 24 * time.Hour
)

// Authority is a certificate authority of coordinators: whoever holds it can
// pass for one. Clients know it by its certificate (File.CA).
type Authority struct {
	pair tls.Certificate // Leaf is set
	now  func() time.Time
}

// NewAuthority makes an authority of its own (ECDSA on P-256), which can sign
// for ServerName alone. The time comes from now; nil: the system's.
func NewAuthority(now func() time.Time) (*Authority, error) {
	a := &Authority{now: clock(now)}
	from := a.now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "spiqsweep authority"},
		NotBefore:             from.Add(-skew),
		NotAfter:              from.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
		PermittedDNSDomains:   []string{ServerName}, PermittedDNSDomainsCritical: true,
	}
	pair, err := sign(template, nil)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	a.pair = pair
	return a, nil
}

// LoadAuthority reads an authority from PEM files: its certificate and its
// private key, which must be its owner's alone.
func LoadAuthority(certificate, key string, now func() time.Time) (*Authority, error) {
	a := &Authority{now: clock(now)}
	if exposed(key) {
		return nil, fmt.Errorf("read the authority's key %s: others can read it, and could pass for this coordinator: `chmod 600 %s`", key, key)
	}
	pair, err := keyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read the authority from %s and %s: %w", certificate, key, err)
	}
	a.pair = pair
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("read the authority from %s: %w", certificate, err)
	}
	return a, nil
}

// keyPair reads a certificate and its private key.
func keyPair(certificate, key string) (tls.Certificate, error) {
	certificatePEM, err := inputfile.Read(certificate, maxFileBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := inputfile.Read(key, maxFileBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificatePEM, keyPEM)
}

// check says why the authority could not vouch for anyone.
func (a *Authority) check() error {
	c := a.pair.Leaf
	if len(a.pair.Certificate) != 1 {
		return fmt.Errorf("it holds %d certificates: must be the authority's alone", len(a.pair.Certificate))
	}
	if !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fmt.Errorf("the certificate of %q is not an authority's: it may not sign others", c.Subject.CommonName)
	}
	if now := a.now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return fmt.Errorf("the certificate of %q is good from %s to %s, not now",
			c.Subject.CommonName, c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// Save writes the authority's certificate and key, readable by their owner
// alone. The certificate comes last: where it is, the key is.
func (a *Authority) Save(certificate, key string) error {
	body, err := x509.MarshalPKCS8PrivateKey(a.pair.PrivateKey)
	if err != nil {
		return fmt.Errorf("write the authority's key: %w", err)
	}
	if err := writePrivate(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: body})); err != nil {
		return fmt.Errorf("write the authority's key: %w", err)
	}
	if err := writePrivate(certificate, []byte(a.Certificate())); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	return nil
}

// Certificate is the authority's certificate in PEM, for File.CA. It is no secret.
func (a *Authority) Certificate() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: a.pair.Certificate[0]}))
}

// Ending describes the end of the authority if that is near or past; else it
// returns "". No certificate outlives its authority: a coordinator cannot be reached
// after that.
func (a *Authority) Ending() string {
	end := a.pair.Leaf.NotAfter
	if a.now().Before(end.Add(-endingSoon)) {
		return ""
	}
	return fmt.Sprintf("the certificate authority of this coordinator ends on %s, and nobody can connect after that: %s",
		end.UTC().Format(time.DateOnly), newAuthority)
}

// newAuthority says how an authority is replaced.
const newAuthority = "delete ca.pem in the coordinator's output folder (or give other --ca-cert and --ca-key), " +
	"start the coordinator again, and copy the new worker.json and operator.json to the machines that use them"

// ServerTLS is how a coordinator of this authority speaks TLS: version 1.3,
// with a certificate for ServerName that is made now, and again before it runs out.
func (a *Authority) ServerTLS() (*tls.Config, error) {
	shown := &certificate{authority: a}
	if _, err := shown.current(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: shown.current}, nil
}

// certificate is what a server shows.
type certificate struct {
	authority *Authority

	mu   sync.Mutex // guards pair
	pair *tls.Certificate
}

// isFresh reports whether a certificate is in the first half of its life. It
// compares with the times in the certificate, as clients do: the monotonic clock
// of a saved time stands still while the machine is suspended, and does not follow
// a clock that is set.
func isFresh(pair *tls.Certificate, now time.Time) bool {
	from, to := pair.Leaf.NotBefore, pair.Leaf.NotAfter
	return !now.Before(from) && now.Before(from.Add(to.Sub(from)/2))
}

// current returns a certificate that is good for a while yet.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.authority.now()
	if c.pair != nil && isFresh(c.pair, now) {
		return c.pair, nil
	}
	root := c.authority.pair.Leaf
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: ServerName},
		DNSNames:     []string{ServerName},
		NotBefore:    later(now.Add(-skew), root.NotBefore),
		NotAfter:     earlier(now.Add(certificateLife), root.NotAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	pair, err := sign(template, &c.authority.pair)
	if err != nil {
		return nil, fmt.Errorf("make the coordinator's certificate: %w", err)
	}
	c.pair = &pair
	return c.pair, nil
}

// sign makes a key and a certificate for it, signed by a parent or, without
// one, by itself.
func sign(template *x509.Certificate, parent *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	issuer, signer := template, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	body, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(body)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{body}, PrivateKey: key, Leaf: leaf}, nil
}

// FindAuthority reads the authority that a folder holds, or makes one there: a
// key without a certificate is one that nobody has relied on yet.
func FindAuthority(certificate, key string, now func() time.Time) (*Authority, error) {
	if _, err := os.Stat(certificate); !errors.Is(err, os.ErrNotExist) {
		return LoadAuthority(certificate, key, now)
	}
	a, err := NewAuthority(now)
	if err != nil {
		return nil, err
	}
	return a, a.Save(certificate, key)
}
