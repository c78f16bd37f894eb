package circuit

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// largePage is the size of the pages that the advice is about, in bytes.
const largePage = 2 << 20

// adviseLargePages asks the system for large pages where memory spans several, so that passes over
// a large state find its addresses translated. Without them the results are the same.
func adviseLargePages(buffer []float32) {
	if 4*len(buffer) < 4*largePage {
		return
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(buffer))), 4*len(buffer))
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(bytes))) % largePage)
	_ = unix.Madvise(bytes[skip:], unix.MADV_HUGEPAGE)
}
