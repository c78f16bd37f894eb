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

// disk stands below SQLite's own access to files, in the tests of this package:
// it knows what an fsync has made durable, can fail, and can lose power.
type disk struct {
	mu     sync.Mutex
	folder string
	files  map[string]*diskFile // of the folder, by path; nil while no test watches
	fault  func(operation, path string) diskFault
	hits   map[diskFault]int
}

// diskFile is a file as the platter has it, and what waits for an fsync.
type diskFile struct {
	durable []byte
	pending []func([]byte) []byte // writes and truncations, oldest first
}

// diskFault is what goes wrong with one operation.
type diskFault string

const (
	noFault    diskFault = ""
	fullDisk   diskFault = "full disk"   // nothing is written
	shortWrite diskFault = "short write" // half of it is, then the disk is full
	badWrite   diskFault = "bad write"   // the device refuses
	// badSync is an fsync that fails as on Linux: what was not durable is dropped,
	// and the next fsync succeeds without it.
	badSync diskFault = "failing fsync"
	// readOnlyFile can be opened for reading alone.
	readOnlyFile diskFault = "read-only file"
)

// theDisk is under every store of this test process.
var theDisk = installDisk()

// watch follows the files of a folder during a test.
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

// failing lets operations fail from now on; nil: none.
func (d *disk) failing(fault func(operation, path string) diskFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if fault == nil {
		fault = func(string, string) diskFault { return noFault }
	}
	d.fault = fault
}

// cutPower returns a folder as it is found after a power cut at this moment: of
// what no fsync has made durable, any writes may have reached the disk.
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

// asks says how an operation on a watched file goes.
func (d *disk) asks(operation, path string) diskFault {
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

// The rest puts the disk below SQLite, whose C structures lie outside Go's heap.

// below is what SQLite's own functions are, and which file is which.
type below struct {
	open, remove uintptr
	methods      lib.Tsqlite3_io_methods // of any file: those that we replace are the same for all
	ours         map[uintptr]uintptr     // SQLite's methods → a copy with ours in some places
	paths        map[uintptr]string      // of the open files
}

var beneath = below{ours: map[uintptr]uintptr{}, paths: map[uintptr]string{}}

// installDisk makes the disk the default of all files that SQLite opens.
func installDisk() *disk {
	d := &disk{}
	tls := libc.NewTLS()
	vfs := (*lib.Tsqlite3_vfs)(pointer(libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))))
	*vfs = *(*lib.Tsqlite3_vfs)(pointer(lib.Xsqlite3_vfs_find(tls, 0)))
	beneath.open, beneath.remove = vfs.FxOpen, vfs.FxDelete
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
	if watched && d.asks("open", path) == readOnlyFile {
		flags = flags&^(lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE) | lib.SQLITE_OPEN_READONLY
	}
	code := call[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](beneath.open)(tls, vfs, name, file, flags, out)
	if code != lib.SQLITE_OK || !watched {
		return code
	}
	methods := &(*lib.Tsqlite3_file)(pointer(file)).FpMethods
	*methods = d.methods(tls, *methods)
	beneath.paths[file] = path
	if d.files[path] == nil {
		body, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		d.files[path] = &diskFile{durable: body}
	}
	return code
}

// methods returns a copy of SQLite's methods of a kind of file, with ours in some places.
func (d *disk) methods(tls *libc.TLS, original uintptr) uintptr {
	if beneath.ours[original] == 0 {
		beneath.methods = *(*lib.Tsqlite3_io_methods)(pointer(original))
		copied := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(beneath.methods)))
		ours := (*lib.Tsqlite3_io_methods)(pointer(copied))
		*ours = beneath.methods
		ours.FxWrite, ours.FxTruncate, ours.FxSync = function(d.write), function(d.truncate), function(d.sync)
		beneath.ours[original] = copied
	}
	return beneath.ours[original]
}

func (d *disk) remove(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	d.mu.Lock()
	delete(d.files, libc.GoString(name))
	d.mu.Unlock()
	return call[func(*libc.TLS, uintptr, uintptr, int32) int32](beneath.remove)(tls, vfs, name, syncFolder)
}

// of is the watched file of SQLite's, nil if no test watches.
func (d *disk) of(file uintptr) (*diskFile, string) {
	path := beneath.paths[file]
	return d.files[path], path
}

func (d *disk) write(tls *libc.TLS, file, body uintptr, size int32, at int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, path := d.of(file)
	if f == nil {
		return put(tls, file, body, size, at)
	}
	switch d.asks("write", path) {
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
	return call[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](beneath.methods.FxWrite)(tls, file, body, size, at)
}

func (d *disk) truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, _ := d.of(file); f != nil {
		f.pending = append(f.pending, truncateTo(size))
	}
	return call[func(*libc.TLS, uintptr, int64) int32](beneath.methods.FxTruncate)(tls, file, size)
}

func (d *disk) sync(tls *libc.TLS, file uintptr, flags int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, path := d.of(file)
	if f == nil {
		return call[func(*libc.TLS, uintptr, int32) int32](beneath.methods.FxSync)(tls, file, flags)
	}
	if d.asks("sync", path) == badSync {
		f.pending = nil
		d.restore(tls, file, f.durable)
		return lib.SQLITE_IOERR_FSYNC
	}
	for _, write := range f.pending {
		f.durable = write(f.durable)
	}
	f.pending = nil
	return lib.SQLITE_OK // no test waits for a real one
}

// restore gives a file back the content that is durable.
func (d *disk) restore(tls *libc.TLS, file uintptr, body []byte) {
	buffer := libc.Xmalloc(tls, libc.Tsize_t(len(body)+1))
	defer libc.Xfree(tls, buffer)
	copy(unsafe.Slice((*byte)(pointer(buffer)), len(body)), body)
	call[func(*libc.TLS, uintptr, int64) int32](beneath.methods.FxTruncate)(tls, file, int64(len(body)))
	put(tls, file, buffer, int32(len(body)), 0)
}

// pointer is the address of memory of C.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address)) // vet cannot know that it is not Go's
}

// function is a Go function as SQLite keeps it, and call what it calls it with:
// the word that a func value is.
func function[F any](f F) uintptr {
	kept = append(kept, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

func call[F any](f uintptr) F { return *(*F)(unsafe.Pointer(&f)) }

// kept are the functions that only C knows.
var kept []any

// isLog says whether a path is that of a write-ahead log.
func isLog(path string) bool { return strings.HasSuffix(path, "-wal") }
