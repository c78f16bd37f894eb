package inputfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// File is an open regular file. Its reads fail once the context of Open is done.
type File struct {
	ctx  context.Context
	file *os.File
	size int64
}

// Open opens the regular file at path for reading. The caller must close it. If
// the file does not exist, the error satisfies errors.Is(err, fs.ErrNotExist).
func Open(ctx context.Context, path string) (*File, error) {
	if path == "" {
		return nil, errors.New("the path of the file is empty")
	}
	// Check the kind first: opening some devices has side effects.
	info, err := os.Stat(path)
	if err != nil {
		return nil, explain(path, err)
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	flags := os.O_RDONLY
	if runtime.GOOS != "windows" { // Windows has no FIFO in the file system
		flags |= syscall.O_NONBLOCK // the file may have become a FIFO since
	}
	file, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, explain(path, err)
	}
	if info, err = file.Stat(); err == nil {
		err = regular(path, info)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &File{ctx, file, info.Size()}, nil
}

// Size returns the file's length in bytes when it was opened.
func (f *File) Size() int64 { return f.size }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	if err := context.Cause(f.ctx); err != nil {
		return 0, err
	}
	return f.file.Read(p)
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	if err := context.Cause(f.ctx); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, offset)
}

// Close implements io.Closer.
func (f *File) Close() error { return f.file.Close() }

// Read returns the content of the regular file at path. It fails if the file has
// more than limit bytes. It reads at most one byte beyond the limit, even if the
// file system reports a wrong size.
func Read(path string, limit int64) ([]byte, error) {
	file, err := Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body := []byte(nil)
	if file.Size() <= limit {
		if body, err = io.ReadAll(io.LimitReader(file, limit+1)); err != nil {
			return nil, err
		}
	}
	if size := max(file.Size(), int64(len(body))); size > limit {
		return nil, fmt.Errorf("%s has %d bytes, and at most %d are read: check that it is the right file", path, size, limit)
	}
	return body, nil
}

// regular returns an error, with the fix, if the file is not regular.
func regular(path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return fmt.Errorf("%s is a directory: give the path of a file in it", path)
	case mode&fs.ModeNamedPipe != 0:
		return fmt.Errorf("%s is a pipe: write its content to a file and give the path of that", path)
	case mode&fs.ModeSocket != 0:
		return fmt.Errorf("%s is a socket: give the path of a file", path)
	case mode&fs.ModeDevice != 0:
		return fmt.Errorf("%s is a device: give the path of a file", path)
	default:
		return fmt.Errorf("%s is not a regular file: give the path of one", path)
	}
}

// explain adds the likely cause to an error of the file system, if the spelling of
// the path or the file's owner and mode show it.
func explain(path string, err error) error {
	if reason := cmp.Or(Unexpanded(path), NotFile(path)); reason != nil && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (%w)", reason, fs.ErrNotExist)
	}
	if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
		pathError.Op = "open" // the user did not ask for stat
	}
	return Explain(path, err)
}

// Unexpanded returns an error for a path that begins with "~", an environment
// variable or "file:", which a shell or a browser expands but this program does
// not. It returns nil for any other path.
func Unexpanded(path string) error {
	home, rest, _ := strings.Cut(filepath.ToSlash(path), "/")
	switch {
	case home == "~":
		if folder, err := os.UserHomeDir(); err == nil {
			return fmt.Errorf("%s: only a shell replaces ~, and only at the start of an unquoted word: write %s", path, filepath.Join(folder, rest))
		}
		return fmt.Errorf("%s: only a shell replaces ~, and only at the start of an unquoted word: write the path in full", path)
	case strings.HasPrefix(home, "~"):
		return fmt.Errorf("%s: only a shell replaces %s, and only at the start of an unquoted word: write the path in full", path, home)
	case strings.HasPrefix(home, "$"), len(home) > 2 && strings.HasPrefix(home, "%") && strings.HasSuffix(home, "%"):
		return fmt.Errorf("%s: the environment variable %s is not replaced here: write the path in full", path, home)
	case strings.EqualFold(home, "file:"):
		return fmt.Errorf("%s: this is a URL: write the path alone, /%s", path, strings.TrimLeft(rest, "/"))
	}
	return nil
}

// NotFile returns an error for a path that means standard input or is a URL, even if
// filepath.Clean has merged the slashes of the URL. It returns nil for any other
// path.
func NotFile(path string) error {
	switch {
	case path == "-":
		return fmt.Errorf("%s: standard input is not read: write it to a file and give its path", path)
	case url.MatchString(filepath.ToSlash(path)):
		return fmt.Errorf("%s: a URL is not fetched: download it and give the file's path", path)
	}
	return nil
}

// url matches the start of a URL. A scheme of one letter is a drive of Windows.
var url = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/`)
