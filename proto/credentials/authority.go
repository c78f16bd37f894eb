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
	"io/fs"
	"math/big"
	"os"
	"sync"
	"time"

	"spiqsweep/simulator/inputfile"
)

// ServerName is the name in every coordinator's certificate. Clients identify a coordinator by
// its authority, so that its address may change.
const ServerName = "spiqsweep"

const (
	// authorityLife is the validity of a new authority, which exceeds any sweep.
	authorityLife = 10 * 365 * 24 * time.Hour
	// certificateLife is the validity of a server's certificate, which a running server
	// replaces after half of it.
	certificateLife = 365 * 24 * time.Hour
	// endingSoon is the time before its end at which Ending begins to warn.
	endingSoon = 180 * 24 * time.Hour
	// skew is the tolerated difference between the clocks of two machines.
	skew = 24 * time.Hour
)

// Authority is a certificate authority of coordinators. Clients trust its certificate
// (File.CA).
type Authority struct {
	pair tls.Certificate // Leaf is set
	now  func() time.Time
}

// NewAuthority creates a self-signed authority (ECDSA on P-256) that can sign for ServerName
// only. now returns the time; nil: the system's.
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

// LoadAuthority reads an authority from the PEM files of its certificate and its private key,
// which only its owner may be able to read.
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
	const fix = "give the PEM files of an authority's certificate and of its private key, such as ca.pem and ca-key.pem of an output folder"
	bodies := [2][]byte{}
	for i, path := range []string{certificate, key} {
		body, err := inputfile.Read(path, maxFileBytes)
		switch block, _ := pem.Decode(body); {
		case errors.Is(err, fs.ErrNotExist):
			return tls.Certificate{}, fmt.Errorf("%w: %s", err, fix)
		case err != nil:
			return tls.Certificate{}, err
		case block == nil:
			return tls.Certificate{}, fmt.Errorf("%s holds nothing in PEM: %s", path, fix)
		}
		bodies[i] = body
	}
	pair, err := tls.X509KeyPair(bodies[0], bodies[1])
	if err != nil {
		return pair, fmt.Errorf("%w: %s", err, fix)
	}
	return pair, nil
}

// check returns an error if the authority cannot sign certificates.
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

// Save writes the authority's key and then its certificate, readable by their owner only. If
// the certificate exists, so does the key.
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

// Certificate returns the authority's certificate in PEM, for File.CA.
func (a *Authority) Certificate() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: a.pair.Certificate[0]}))
}

// Ending returns a warning if the end of the authority is near or past; else "". After its end
// clients reject the coordinator.
func (a *Authority) Ending() string {
	end := a.pair.Leaf.NotAfter
	if a.now().Before(end.Add(-endingSoon)) {
		return ""
	}
	return fmt.Sprintf("the certificate authority of this coordinator ends on %s, and nobody can connect after that: %s",
		end.UTC().Format(time.DateOnly), newAuthority)
}

// newAuthority is the instruction to replace an authority.
const newAuthority = "delete ca.pem in the coordinator's output folder (or give other --ca-cert and --ca-key), " +
	"start the coordinator again, and copy the new worker.json and operator.json to the machines that use them"

// ServerTLS returns the configuration of a server: TLS 1.3, with a certificate for ServerName
// that is created now and renewed before it expires.
func (a *Authority) ServerTLS() (*tls.Config, error) {
	shown := &certificate{authority: a}
	if _, err := shown.current(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: shown.current}, nil
}

// certificate holds the current certificate of a server.
type certificate struct {
	authority *Authority

	mu   sync.Mutex // guards pair
	pair *tls.Certificate
}

// isFresh reports whether a certificate is in the first half of its validity. It compares wall
// clock times, as clients do, since the monotonic clock stops while the machine is suspended.
func isFresh(pair *tls.Certificate, now time.Time) bool {
	from, to := pair.Leaf.NotBefore, pair.Leaf.NotAfter
	return !now.Before(from) && now.Before(from.Add(to.Sub(from)/2))
}

// current returns the certificate, and renews it if necessary.
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

// sign creates a key and its certificate, signed by a parent or, if nil, by itself.
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

// FindAuthority loads the authority of the given files, or creates one if the certificate does
// not exist. It replaces a key without a certificate, which no client can trust yet.
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

const certificateBlock = "CERTIFICATE"

// authorities parses the PEM certificates that a client trusts, and returns the latest end of
// their validity.
func authorities(text string) (_ *x509.CertPool, end time.Time, _ error) {
	pool := x509.NewCertPool()
	rest, found := []byte(text), false
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != certificateBlock {
			return nil, end, errors.New("the ca is not a certificate in PEM")
		}
		pool.AddCert(certificate)
		end = later(end, certificate.NotAfter)
		found = true
	}
	if !found {
		return nil, end, errors.New("the ca is not a certificate in PEM")
	}
	return pool, end, nil
}

// serial returns a random serial number.
func serial() *big.Int {
	number := make([]byte, 16)
	rand.Read(number) // never fails: crypto/rand ends the program instead
	number[0] &= 0x7f
	number[0] |= 0x40 // positive, and of full length
	return new(big.Int).SetBytes(number)
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
