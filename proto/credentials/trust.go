package credentials

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

const certificateBlock = "CERTIFICATE"

// authorities reads the PEM certificates of those whom a client trusts, and when
// the last of them ends.
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

// serial is unguessable and never the same twice.
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
