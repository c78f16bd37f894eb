package credentials_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func valid() credentials.File {
	return credentials.File{Role: credentials.Worker, Addresses: []string{"127.0.0.1:7473"}, Token: credentials.NewToken()}
}

func TestSaveLoad(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "worker.json")
	for range 2 { // the second replaces the first
		want := valid()
		if err := want.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := credentials.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if want.Source = path; !cmp.Equal(want, got) {
			t.Error(cmp.Diff(want, got))
		}
		if moved := got.At("a:1"); moved.Source != "" {
			t.Errorf("addresses that are given come from %s", moved.Source)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("folder holds %v, want worker.json alone", entries)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode())
	}
}

func TestSaveLeavesNothingHalfWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker.json")
	if err := os.MkdirAll(filepath.Join(path, "occupied"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := valid().Save(path); err == nil {
		t.Fatal("a folder was replaced by a file")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("a failed Save left %v", entries)
	}
}

func TestParseRefuses(t *testing.T) {
	token := credentials.NewToken()
	tests := map[string]struct{ body, want string }{
		"nothing":       {``, "not a credentials file"},
		"half a file":   {`{"role":"worker","addr`, "a damaged one: copy worker.json"},
		"a list":        {`[1]`, "a damaged one: copy worker.json"},
		"UTF-16":        {"\xff\xfe{\x00", "a damaged one: copy worker.json"},
		"two objects":   {`{"role":"worker","addresses":["a:1"],"token":"` + token + `"} {}`, "more than one"},
		"unknown field": {`{"role":"worker","addresses":["a:1"],"token":"` + token + `","colour":""}`, `"colour"`},
		"ca":            {`{"role":"worker","addresses":["a:1"],"token":"` + token + `","ca":"none"}`, "not a certificate in PEM: copy worker.json"},
		"role":          {`{"role":"boss","addresses":["a:1"],"token":"` + token + `"}`, `its role is "boss", want "worker" or "operator": copy worker.json`},
		"nothing in it": {`{}`, `its role is "", want "worker" or "operator": copy worker.json (or operator.json) again from the output folder`},
		"no address":    {`{"role":"worker","addresses":[],"token":"` + token + `"}`, "it has no addresses: copy worker.json"},
		"no port":       {`{"role":"worker","addresses":["here"],"token":"` + token + `"}`, `"here" is not host:port: copy worker.json`},
		"short token":   {`{"role":"worker","addresses":["a:1"],"token":"c2hvcnQ"}`, "32 bytes in base64url: copy worker.json"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := credentials.Parse([]byte(test.body))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("error shows the token: %v", err)
			}
		})
	}
}

// TestParseByteOrderMark: a file that an editor of Windows has saved is as good.
func TestParseByteOrderMark(t *testing.T) {
	want := valid()
	body, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := credentials.Parse([]byte("\ufeff" + strings.ReplaceAll(string(body), "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrintingHidesTheToken(t *testing.T) {
	f := valid()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(format, f); strings.Contains(printed, f.Token) {
			t.Errorf("%s shows the token: %s", format, printed)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	first, second := credentials.NewToken(), credentials.NewToken()
	if first == second {
		t.Error("two tokens are equal")
	}
}

// TestPlainTextStaysOnThisMachine: what leaves it goes by TLS, unless the file
// says otherwise.
func TestPlainTextStaysOnThisMachine(t *testing.T) {
	tests := map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true,
		"192.0.2.1:1": false, "example.org:1": false, "[2001:db8::1]:1": false, "0.0.0.0:1": false,
		"localhost.example.org:1": false,
	}
	plain, encrypted, insecure := valid(), valid(), valid()
	encrypted.CA, insecure.Insecure = authority(t, 0).Certificate(), true
	for address, want := range tests {
		for _, test := range []struct {
			file credentials.File
			want bool
		}{{plain, want}, {encrypted, true}, {insecure, true}} {
			connection, err := test.file.Dial(address)
			if (err == nil) != test.want {
				t.Errorf("Dial(%q) of %v: error is %v, want admitted %v", address, test.file, err, test.want)
			}
			if err == nil {
				connection.Close()
			}
		}
	}
	for _, address := range []string{"localhost", ":1", ""} {
		if _, err := encrypted.Dial(address); err == nil {
			t.Errorf("Dial(%q) is admitted", address)
		}
	}
}

// guarded answers Sync only to callers that present the token.
type guarded struct {
	spiqsweepv1.UnimplementedWorkerServiceServer
	token string
}

func (g guarded) Sync(ctx context.Context, _ *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	if !credentials.Present(ctx, g.token) {
		return nil, status.Error(codes.Unauthenticated, "unauthenticated")
	}
	if version, ok := credentials.Protocol(ctx); !ok || version != spiqsweepv1.ProtocolVersion {
		return nil, status.Errorf(codes.FailedPrecondition, "protocol %d, %v", version, ok)
	}
	return &spiqsweepv1.SyncResponse{Done: true}, nil
}

func TestCallsCarryTheToken(t *testing.T) {
	file := valid()
	address := serve(t, file.Token, nil)
	if err := call(t, file, address); err != nil {
		t.Errorf("with the token: %v", err)
	}
	if err := call(t, valid(), address); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with another token: %v, want Unauthenticated", err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPresent(t *testing.T) {
	token := credentials.NewToken()
	tests := map[string]struct {
		values []string
		token  string
		want   bool
	}{
		"right":       {[]string{"Bearer " + token}, token, true},
		"absent":      {nil, token, false},
		"bare":        {[]string{token}, token, false},
		"prefix":      {[]string{"Bearer " + token[:10]}, token, false},
		"twice":       {[]string{"Bearer " + token, "Bearer " + token}, token, false},
		"empty token": {[]string{"Bearer "}, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := metadata.NewIncomingContext(t.Context(), metadata.MD{"authorization": test.values})
			if got := credentials.Present(ctx, test.token); got != test.want {
				t.Errorf("Present is %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"role":"operator","addresses":["[::1]:80"],"token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`))
	f.Add([]byte(`{"role":"worker"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := credentials.Parse(body)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "file.json")
		if err := file.Save(path); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := credentials.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if file.Source = path; !cmp.Equal(file, again) {
			t.Error(cmp.Diff(file, again))
		}
	})
}

func ExampleFile_Save() {
	folder, err := os.MkdirTemp("", "credentials")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "worker.json")

	file := credentials.File{Role: credentials.Worker, Addresses: []string{"127.0.0.1:7473"}, Token: credentials.NewToken()}
	if err := file.Save(path); err != nil {
		panic(err)
	}
	loaded, err := credentials.Load(path)
	fmt.Println(loaded, err)
	// Output: worker at [127.0.0.1:7473] <nil>
}
