//go:build unix

package inputfile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/simulator/inputfile"
)

// TestKinds checks that Open rejects every kind of file but a regular one, without
// blocking: opening a FIFO without a writer would hang the test.
func TestKinds(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.WriteFile(at("file"), []byte("text"), 0o600))
	check(os.Mkdir(at("folder"), 0o700))
	check(syscall.Mkfifo(at("fifo"), 0o600))
	t.Chdir(folder) // a socket's path has at most some hundred bytes
	listener, err := net.Listen("unix", "socket")
	check(err)
	defer listener.Close()
	check(os.Symlink("file", at("link")))
	check(os.Symlink("link", at("link-to-link")))
	check(os.Symlink("fifo", at("link-to-fifo")))
	check(os.Symlink("nothing", at("dangling")))
	check(os.Symlink("loop", at("loop")))

	for path, want := range map[string]string{
		at("file"):         "",
		at("link"):         "",
		at("link-to-link"): "",
		at("folder"):       "is a directory: give the path of a file in it",
		at("fifo"):         "is a pipe: write its content to a file",
		at("link-to-fifo"): "is a pipe: write its content to a file",
		at("socket"):       "is a socket: give the path of a file",
		os.DevNull:         "is a device: give the path of a file",
		"/dev/zero":        "is a device: give the path of a file",
		at("dangling"):     "no such file or directory",
		at("loop"):         "too many levels of symbolic links",
		at("file/below"):   "not a directory",
		"":                 "the path of the file is empty",
		at("nul\x00"):      "invalid argument",
	} {
		body, err := inputfile.Read(path, 1<<16)
		switch {
		case want == "" && (err != nil || string(body) != "text"):
			t.Errorf("%s: %q, %v", path, body, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%q: error %v, want %q in one line", path, err, want)
		case want != "" && path != "" && !strings.Contains(err.Error(), path):
			t.Errorf("%q: %v does not name the path", path, err)
		}
	}
	if _, err := inputfile.Read(at("nothing"), 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v is not fs.ErrNotExist", err)
	}
}

// TestLimit checks that Read returns a file up to the limit and rejects a larger one.
func TestLimit(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 5000).Draw(t, "limit")
		size := max(0, limit+rapid.SampledFrom([]int{-limit, -1, 0, 1, 2, 5000}).Draw(t, "beyond"))
		want := bytes.Repeat([]byte{'x'}, size)
		path := filepath.Join(folder, "file")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		body, err := inputfile.Read(path, int64(limit))
		if (err == nil) != (size <= limit) {
			t.Fatalf("%d bytes, limit %d: %v", size, limit, err)
		}
		if err == nil && !bytes.Equal(body, want) {
			t.Fatalf("%d bytes, limit %d: read %d", size, limit, len(body))
		}
	})
}

// TestLimitWithoutReading uses a sparse file of 1 TiB, rejected by its size, and a
// file of unknown size, rejected after reading up to the limit.
func TestLimitWithoutReading(t *testing.T) {
	huge := filepath.Join(t.TempDir(), "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Skipf("skipped: needs a file system with large sparse files: %v", err)
	}
	paths := []string{huge}
	if info, err := os.Stat("/proc/self/status"); err == nil && info.Size() == 0 {
		paths = append(paths, "/proc/self/status")
	}
	for _, path := range paths {
		if _, err := inputfile.Read(path, 10); err == nil || !strings.Contains(err.Error(), "at most 10 are read") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestContext checks that reads fail with the cause of the context once it is done.
func TestContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(context.Background())
	file, err := inputfile.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	buffer := make([]byte, 2)
	if n, err := file.ReadAt(buffer, 1); n != 2 || err != nil || string(buffer) != "ex" {
		t.Errorf("before: %q, %v", buffer[:n], err)
	}
	cancel(stopped)
	if _, err := file.ReadAt(buffer, 0); !errors.Is(err, stopped) {
		t.Errorf("ReadAt after the end of the context: %v", err)
	}
	if _, err := io.ReadAll(file); !errors.Is(err, stopped) {
		t.Errorf("Read after the end of the context: %v", err)
	}
}

func TestUnexpanded(t *testing.T) {
	t.Setenv("HOME", "/home/ada")
	for path, want := range map[string]string{
		"~/x.npy":               "~/x.npy: only a shell replaces ~, and only at the start of an unquoted word: write /home/ada/x.npy",
		"~":                     "write /home/ada",
		"~eve/x.npy":            "only a shell replaces ~eve",
		"$DATA/x.npy":           "the environment variable $DATA is not replaced here: write the path in full",
		"${DATA}/x.npy":         "the environment variable ${DATA} is not replaced here",
		"%USERPROFILE%/x.npy":   "the environment variable %USERPROFILE% is not replaced here",
		"file:///data/x.npy":    "this is a URL: write the path alone, /data/x.npy",
		"file:/data/x.npy":      "this is a URL: write the path alone, /data/x.npy",
		"x.npy":                 "",
		"/data/~/x.npy":         "",
		"100%/x.npy":            "",
		"./~x.npy":              "",
		"runs/$x.npy":           "",
		"files/x.npy":           "",
		"":                      "",
		"%/x":                   "",
		"../file:/x.npy":        "",
		"surrogate":             "",
		"C:/Users/ada/x.npy":    "",
		"runs/figure-s1/~1.npy": "",
	} {
		err := inputfile.Unexpanded(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
		if want == "" || path == "~" {
			continue
		}
		if _, err := inputfile.Read(path, 10); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) {
			t.Errorf("read %q: %v, want %q and fs.ErrNotExist", path, err, want)
		}
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("$x.npy", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if body, err := inputfile.Read("$x.npy", 10); err != nil || string(body) != "text" {
		t.Errorf("a file that has such a name is read: %q, %v", body, err)
	}
}

func TestNotFile(t *testing.T) {
	for path, want := range map[string]string{
		"-":                          "-: standard input is not read: write it to a file and give its path",
		"http://example.org/x.npy":   "http://example.org/x.npy: a URL is not fetched: download it and give the file's path",
		"HTTPS://example.org/x.npy":  "a URL is not fetched",
		"https:/example.org/x.npy":   "a URL is not fetched",
		"s3://bucket/x.npy":          "a URL is not fetched",
		"git+ssh://example.org/x.py": "a URL is not fetched",
		"C:/Users/ada/x.npy":         "",
		`C:\Users\ada\x.npy`:         "",
		"./-":                        "",
		"-x":                         "",
		"10:30/x.npy":                "",
		"runs/a:/x.npy":              "",
		"":                           "",
	} {
		err := inputfile.NotFile(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
		if want == "" {
			continue
		}
		if _, err := inputfile.Read(path, 10); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) {
			t.Errorf("read %q: %v, want %q and fs.ErrNotExist", path, err, want)
		}
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("-", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if body, err := inputfile.Read("-", 10); err != nil || string(body) != "text" {
		t.Errorf("a file that has such a name is read: %q, %v", body, err)
	}
}
