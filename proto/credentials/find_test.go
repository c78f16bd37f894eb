package credentials_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/proto/credentials"
)

func TestFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "operator.json")
	file := credentials.File{Role: credentials.Operator, Addresses: []string{"127.0.0.1:1"}, Token: credentials.NewToken()}
	if err := file.Save(path); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		coordinators []string
		file         string
		want         []string // addresses
		says         string
	}{
		"a file":                 {coordinators: []string{path}, want: []string{"127.0.0.1:1"}},
		"addresses":              {coordinators: []string{"a:2", "b:3"}, file: path, want: []string{"a:2", "b:3"}},
		"nothing":                {says: "--coordinator is missing: give operator.json"},
		"an address alone":       {coordinators: []string{"a:2"}, says: "give --credentials"},
		"a file beside another":  {coordinators: []string{path, "a:2"}, says: "stands beside others"},
		"a file as address":      {coordinators: []string{path}, file: path, says: "is not HOST:PORT, as it must be with --credentials: give an address"},
		"a file that is missing": {coordinators: []string{path + "x"}, says: "neither HOST:PORT nor a file that exists: give operator.json of the coordinator's output folder"},
		"a host without a port":  {coordinators: []string{"localhost"}, says: "neither HOST:PORT nor a file that exists"},
		"no file of credentials": {coordinators: []string{"a:2"}, file: path + "x", says: "no such file or directory: give operator.json of the coordinator's output folder"},
		"a URL":                  {coordinators: []string{"http://localhost:7473"}, says: "is a URL: write HOST:PORT without http://, or the path of operator.json"},
		"a URL, and file":        {coordinators: []string{"a:2", "grpc://b:3"}, file: path, says: "is a URL: write HOST:PORT without grpc://"},
		"no such port":           {coordinators: []string{"localhost:99999"}, says: "port 99999 is out of range"},
		"no such port, and file": {coordinators: []string{"localhost:99999"}, file: path, says: "port 99999 is out of range"},
	} {
		got, err := credentials.Find(credentials.Operator, c.coordinators, c.file)
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error is %v, want one that says %q", name, err, c.says)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if diff := cmp.Diff(c.want, got.Addresses); diff != "" || got.Token != file.Token {
				t.Errorf("%s: addresses (-want +got):\n%s", name, diff)
			}
		}
	}
}
