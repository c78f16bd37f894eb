package credentials

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"spiqsweep/simulator/inputfile"
)

// The roles: what a token opens.
const (
	Worker   = "worker"
	Operator = "operator"
)

// tokenBytes is the length of a token before its encoding in base64url.
const tokenBytes = 32

// maxFileBytes bounds a file of credentials, a certificate and a key.
const maxFileBytes = 1 << 20

// File is the content of worker.json or operator.json.
type File struct {
	Role      string   `json:"role"`      // Worker or Operator
	Addresses []string `json:"addresses"` // host:port, the preferred first; at least one
	Token     string   `json:"token"`     // 32 random bytes in base64url without padding

	// CA is the certificate of the coordinators' authority in PEM: calls travel by
	// TLS. Without one they are plain text, to loopback addresses alone.
	CA string `json:"ca,omitempty"`
	// Folder is the output folder that an operator's file was written for, so that a
	// copy of the folder is not taken for it.
	Folder *Folder `json:"folder,omitempty"`
	// Insecure lets plain text travel to other machines.
	Insecure bool `json:"insecure,omitempty"`
}

// Folder describes a folder: its path on a machine, and its number in the file
// system, which a folder keeps when it is moved there (0: unknown).
type Folder struct {
	Host  string `json:"host"`
	Path  string `json:"path"`
	Inode uint64 `json:"inode,omitempty"`
	// Device is that of the file system, as Host numbers it; 0: unknown.
	Device uint64 `json:"device,omitempty"`
}

// NewToken makes an unguessable token.
func NewToken() string {
	token := make([]byte, tokenBytes)
	rand.Read(token) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(token)
}

// Load reads and checks the file at path.
func Load(path string) (File, error) {
	body, err := inputfile.Read(path, maxFileBytes)
	if err != nil {
		return File{}, fmt.Errorf("read credentials: %w", err)
	}
	f, err := Parse(body)
	if err != nil {
		return File{}, fmt.Errorf("read credentials %s: %w", path, err)
	}
	return f, nil
}

// Parse decodes one File from JSON and checks it. Errors never quote the
// token. Unknown fields are refused: a field that this version does not know
// may be one that it must not ignore.
func Parse(body []byte) (File, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // some editors write a byte order mark
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var f File
	if err := decoder.Decode(&f); err != nil {
		if _, field, unknown := strings.Cut(err.Error(), "json: unknown field "); unknown {
			return File{}, fmt.Errorf("not a credentials file: the field %s is unknown: %s", field, copyAgain)
		}
		return File{}, fmt.Errorf("not a credentials file: no JSON object, or a damaged one: %s", copyAgain)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("not a credentials file: more than one JSON object: %s", copyAgain)
	}
	return f, f.check()
}

func (f File) check() error {
	if f.Role != Worker && f.Role != Operator {
		return fmt.Errorf("role is %q, want %q or %q", f.Role, Worker, Operator)
	}
	if len(f.Addresses) == 0 {
		return errors.New("no addresses")
	}
	for _, address := range f.Addresses {
		if err := checkAddress(address); err != nil {
			return err
		}
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(f.Token)
	if err != nil || len(token) != tokenBytes {
		return fmt.Errorf("the token is not %d bytes in base64url: %s", tokenBytes, copyAgain)
	}
	if f.CA != "" {
		if _, _, err := authorities(f.CA); err != nil {
			return err
		}
		if f.Insecure {
			return errors.New("both a ca and insecure are given: calls travel by TLS or as plain text")
		}
	}
	return nil
}

// Save writes the file, readable by its owner alone. A reader sees the old
// content or the new, never a part.
func (f File) Save(path string) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("write credentials %s: %w", path, err)
	}
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write credentials %s: %w", path, err)
	}
	if err := writePrivate(path, append(body, '\n')); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	return nil
}

// At returns the same role and token for other addresses.
func (f File) At(addresses ...string) File {
	f.Addresses = slices.Clone(addresses)
	return f
}

// String hides the token, so that no log shows it by accident.
func (f File) String() string {
	return fmt.Sprintf("%s at %v", f.Role, f.Addresses)
}

// GoString hides the token as String does.
func (f File) GoString() string { return f.String() }
