//go:build linux

package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// disk intercepts SQLite's file operations in the tests of this package. It tracks the
// content that fsync has made durable, and can inject faults and power cuts.
type disk struct {
	mu     sync.Mutex
	folder string
	files  map[string]*diskFile // the files of the folder by path; nil if none is watched
	fault  func(operation, path string) diskFault
	hits   map[diskFault]int
}

// diskFile is the durable content of a file and its changes since the last fsync.
type diskFile struct {
	durable []byte
	pending []func([]byte) []byte // writes and truncations, oldest first
}

// diskFault is a fault of one operation.
type diskFault string

const (
	noFault    diskFault = ""
	fullDisk   diskFault = "full disk"   // nothing is written
	shortWrite diskFault = "short write" // half is written, then the disk is full
	badWrite   diskFault = "bad write"   // an I/O error
	// badSync is an fsync that fails as on Linux: the changes that were not durable are
	// dropped, and the next fsync succeeds without them.
	badSync diskFault = "failing fsync"
	// readOnlyFile makes SQLite open the file for reading only.
	readOnlyFile diskFault = "read-only file"
)

// theDisk is the disk of every SQLite store in this test process.
var theDisk = installDisk()

// watch tracks the files of a folder during a test.
func (d *disk) watch(t *testing.T, folder string) {
	t.Helper()
	d.mu.Lock()
	d.folder, d.files, d.hits = folder, map[string]*diskFile{}, map[diskFault]int{}
	d.fault = func(string, string) diskFault { return noFault }
	d.mu.Unlock()
	t.Cleanup(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.files, d.fault = nil, nil
	})
}

// failing sets the function that selects the fault of each later operation; nil means
// no faults.
func (d *disk) failing(fault func(operation, path string) diskFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if fault == nil {
		fault = func(string, string) diskFault { return noFault }
	}
	d.fault = fault
}

// cutPower returns a folder with the files as a power cut now would leave them: the
// durable content and a random subset of the later changes.
func (d *disk) cutPower(t *testing.T, r *rand.Rand) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	after := t.TempDir()
	for path, file := range d.files {
		body := append([]byte(nil), file.durable...)
		for _, write := range file.pending {
			if r.IntN(2) == 0 {
				body = write(body)
			}
		}
		if err := os.WriteFile(filepath.Join(after, filepath.Base(path)), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return after
}

func (d *disk) counts() map[diskFault]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.hits)
}

// faultOf returns the fault of an operation on a watched file, and counts it.
func (d *disk) faultOf(operation, path string) diskFault {
	fault := d.fault(operation, path)
	if fault != noFault {
		d.hits[fault]++
	}
	return fault
}

func writeAt(at int64, body []byte) func([]byte) []byte {
	body = append([]byte(nil), body...)
	return func(file []byte) []byte {
		if end := int(at) + len(body); end > len(file) {
			file = append(file, make([]byte, end-len(file))...)
		}
		copy(file[at:], body)
		return file
	}
}

func truncateTo(size int64) func([]byte) []byte {
	return func(file []byte) []byte {
		if int(size) <= len(file) {
			return file[:size]
		}
		return append(file, make([]byte, int(size)-len(file))...)
	}
}

// The rest of this file connects the disk to SQLite, whose C structures lie outside Go's
// heap.

// original holds SQLite's functions that the disk replaces, and the open files.
var original = struct {
	open, remove uintptr
	methods      lib.Tsqlite3_io_methods // of any file: the replaced ones are the same for all
	replaced     map[uintptr]uintptr     // SQLite's methods of a kind of file → a copy with the disk's
	paths        map[uintptr]string      // the paths of the open files
}{replaced: map[uintptr]uintptr{}, paths: map[uintptr]string{}}

// installDisk makes the disk the default of all files that SQLite opens.
func installDisk() *disk {
	d := &disk{}
	tls := libc.NewTLS()
	vfs := (*lib.Tsqlite3_vfs)(pointer(libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))))
	*vfs = *(*lib.Tsqlite3_vfs)(pointer(lib.Xsqlite3_vfs_find(tls, 0)))
	original.open, original.remove = vfs.FxOpen, vfs.FxDelete
	vfs.FxOpen, vfs.FxDelete = function(d.open), function(d.remove)
	name, err := libc.CString("disk")
	if err != nil {
		panic(err)
	}
	vfs.FzName = name
	if code := lib.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(vfs)), 1); code != lib.SQLITE_OK {
		panic(fmt.Sprintf("register the disk: SQLite's code %d", code))
	}
	return d
}

func (d *disk) open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	path := libc.GoString(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	watched := d.files != nil && filepath.Dir(path) == d.folder
	if watched && d.faultOf("open", path) == readOnlyFile {
		flags = flags&^(lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE) | lib.SQLITE_OPEN_READONLY
	}
	code := call[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](original.open)(tls, vfs, name, file, flags, out)
	if code != lib.SQLITE_OK || !watched {
		return code
	}
	methods := &(*lib.Tsqlite3_file)(pointer(file)).FpMethods
	*methods = d.methods(tls, *methods)
	original.paths[file] = path
	if d.files[path] == nil {
		body, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		d.files[path] = &diskFile{durable: body}
	}
	return code
}

// methods returns a copy of SQLite's methods of a kind of file with the disk's methods
// for writing.
func (d *disk) methods(tls *libc.TLS, sqlites uintptr) uintptr {
	if original.replaced[sqlites] == 0 {
		original.methods = *(*lib.Tsqlite3_io_methods)(pointer(sqlites))
		copied := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(original.methods)))
		disks := (*lib.Tsqlite3_io_methods)(pointer(copied))
		*disks = original.methods
		disks.FxWrite, disks.FxTruncate, disks.FxSync = function(d.write), function(d.truncate), function(d.sync)
		original.replaced[sqlites] = copied
	}
	return original.replaced[sqlites]
}

func (d *disk) remove(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	d.mu.Lock()
	delete(d.files, libc.GoString(name))
	d.mu.Unlock()
	return call[func(*libc.TLS, uintptr, uintptr, int32) int32](original.remove)(tls, vfs, name, syncFolder)
}

// watched returns the file of an SQLite handle and its path, or nil if it is not watched.
func (d *disk) watched(file uintptr) (*diskFile, string) {
	path := original.paths[file]
	return d.files[path], path
}

func (d *disk) write(tls *libc.TLS, file, body uintptr, size int32, at int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, path := d.watched(file)
	if f == nil {
		return put(tls, file, body, size, at)
	}
	switch d.faultOf("write", path) {
	case fullDisk:
		return lib.SQLITE_FULL
	case badWrite:
		return lib.SQLITE_IOERR_WRITE
	case shortWrite:
		half := size / 2
		f.pending = append(f.pending, writeAt(at, unsafe.Slice((*byte)(pointer(body)), half)))
		put(tls, file, body, half, at)
		return lib.SQLITE_FULL
	default:
		f.pending = append(f.pending, writeAt(at, unsafe.Slice((*byte)(pointer(body)), size)))
		return put(tls, file, body, size, at)
	}
}

func put(tls *libc.TLS, file, body uintptr, size int32, at int64) int32 {
	return call[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](original.methods.FxWrite)(tls, file, body, size, at)
}

func (d *disk) truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, _ := d.watched(file); f != nil {
		f.pending = append(f.pending, truncateTo(size))
	}
	return call[func(*libc.TLS, uintptr, int64) int32](original.methods.FxTruncate)(tls, file, size)
}

func (d *disk) sync(tls *libc.TLS, file uintptr, flags int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, path := d.watched(file)
	if f == nil {
		return call[func(*libc.TLS, uintptr, int32) int32](original.methods.FxSync)(tls, file, flags)
	}
	if d.faultOf("sync", path) == badSync {
		f.pending = nil
		d.restore(tls, file, f.durable)
		return lib.SQLITE_IOERR_FSYNC
	}
	for _, write := range f.pending {
		f.durable = write(f.durable)
	}
	f.pending = nil
	return lib.SQLITE_OK // a real fsync would only cost time
}

// restore resets a file to its durable content.
func (d *disk) restore(tls *libc.TLS, file uintptr, body []byte) {
	buffer := libc.Xmalloc(tls, libc.Tsize_t(len(body)+1))
	defer libc.Xfree(tls, buffer)
	copy(unsafe.Slice((*byte)(pointer(buffer)), len(body)), body)
	call[func(*libc.TLS, uintptr, int64) int32](original.methods.FxTruncate)(tls, file, int64(len(body)))
	put(tls, file, buffer, int32(len(body)), 0)
}

// pointer converts an address in C memory.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address)) // a plain conversion fails vet, which takes it for Go memory
}

// function converts a Go function to the form in which SQLite stores it, the word of a
// func value. call is the inverse.
func function[F any](f F) uintptr {
	pinned = append(pinned, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

func call[F any](f uintptr) F { return *(*F)(unsafe.Pointer(&f)) }

// pinned are functions that only C memory refers to, kept from the garbage collector.
var pinned []any

// isLog reports whether a path is that of a write-ahead log.
func isLog(path string) bool { return strings.HasSuffix(path, "-wal") }
