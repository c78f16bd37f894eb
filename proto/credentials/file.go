package credentials

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep/atomicfile"
)

// The roles of tokens.
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

	// CA is the certificate of the coordinators' authority in PEM. If it is empty, calls
	// are plain text.
	CA string `json:"ca,omitempty"`
	// Folder is the output folder that an operator's file belongs to. It distinguishes the
	// folder from its copies.
	Folder *Folder `json:"folder,omitempty"`
	// Insecure allows plain text to other machines.
	Insecure bool `json:"insecure,omitempty"`

	// Source is the path from which Load read the addresses; "": they are given otherwise.
	Source string `json:"-"`
}

// Folder identifies a folder by its path on a machine, and by its inode (0: unknown), which
// survives a move within the file system.
type Folder struct {
	Host  string `json:"host"`
	Path  string `json:"path"`
	Inode uint64 `json:"inode,omitempty"`
	// Device is that of the file system, as Host numbers it; 0: unknown.
	Device uint64 `json:"device,omitempty"`
}

// NewToken returns a random token.
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
	f.Source = path
	return f, nil
}

// Parse decodes and checks a File in JSON. Errors never quote the token. Unknown fields are
// errors, since a newer version may depend on them.
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
	if err := f.check(); err != nil {
		return File{}, fmt.Errorf("not a credentials file: %w: %s", err, copyAgain)
	}
	return f, nil
}

func (f File) check() error {
	if f.Role != Worker && f.Role != Operator {
		return fmt.Errorf("its role is %q, want %q or %q", f.Role, Worker, Operator)
	}
	if len(f.Addresses) == 0 {
		return errors.New("it has no addresses")
	}
	for _, address := range f.Addresses {
		if err := checkAddress(address); err != nil {
			return err
		}
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(f.Token)
	if err != nil || len(token) != tokenBytes {
		return fmt.Errorf("its token is not %d bytes in base64url", tokenBytes)
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

// CheckRole returns an error, with the fix, unless the file has a role.
func (f File) CheckRole(role string) error {
	if f.Role == role {
		return nil
	}
	return fmt.Errorf("%s holds credentials of the role %q: give %s.json of the coordinator's output folder in its place",
		cmp.Or(f.Source, "the credentials file"), f.Role, role)
}

// Save writes the file atomically, readable by its owner only.
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

// At returns a copy of the file with other addresses.
func (f File) At(addresses ...string) File {
	f.Addresses, f.Source = slices.Clone(addresses), ""
	return f
}

// String omits the token, so that logs cannot contain it.
func (f File) String() string {
	return fmt.Sprintf("%s at %v", f.Role, f.Addresses)
}

// GoString omits the token as String does.
func (f File) GoString() string { return f.String() }

// writePrivate writes a file atomically, readable by its owner only.
func writePrivate(path string, body []byte) error {
	return inputfile.ExplainWrite(path, atomicfile.Write(path, 0o600, body))
}

// Exposed returns a warning, with the remedy, if other users can read a credentials file; "" if
// not, or if the system does not tell.
func Exposed(path string) string {
	if !exposed(path) {
		return ""
	}
	return path + " can be read by others, who may act with its token: `chmod 600 " + path + "`"
}

// exposed reports whether other users can read a file with a secret. It does not for a device
// or a directory, which Load and LoadAuthority reject. The group may read a file of root, since
// Kubernetes mounts a Secret that way for a user who is not root.
func exposed(path string) bool {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || !info.Mode().IsRegular() {
		return false
	}
	others := fs.FileMode(0o077)
	if inputfile.IsOfRoot(info) {
		others = 0o027
	}
	return info.Mode().Perm()&others != 0
}
