//go:build linux

package hosts

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cable carries frames between a host and the bridge, each after a delay. Linux's own
// delay line (netem) is a module that many kernels lack.
type cable struct {
	delay  time.Duration
	frames atomic.Int64 // that it has carried
}

// connect joins w1 to the bridge by the cable.
func (c *cable) connect(t *testing.T) func(h *host) {
	return func(h *host) {
		inner, outer := tap(t, h.pid, "eth0"), tap(t, h.bridge.pid, h.port)
		go c.carry(inner, outer)
		go c.carry(outer, inner)
	}
}

// carry moves frames in one direction until the devices are closed.
func (c *cable) carry(from, to *os.File) {
	type frame struct {
		body []byte
		due  time.Time
	}
	frames := make(chan frame, 1<<12)
	go func() {
		for f := range frames {
			time.Sleep(time.Until(f.due))
			if _, err := to.Write(f.body); err == nil { // else the other end is down: the frame is lost
				c.frames.Add(1)
			}
		}
	}()
	defer close(frames)
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case frames <- frame{append([]byte(nil), buffer[:n]...), time.Now().Add(c.delay)}:
		default: // a full cable loses frames
		}
	}
}

// tap makes a device in the network of a process, whose frames are read from the file and
// written to it. It ends with the test.
func tap(t *testing.T, pid int, name string) *os.File {
	t.Helper()
	type made struct {
		file *os.File
		err  error
	}
	result := make(chan made)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		file, err := func() (*os.File, error) {
			network, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
			if err != nil {
				return nil, err
			}
			defer network.Close()
			// The file belongs to the network in which it is opened.
			if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
				return nil, fmt.Errorf("enter the network: %w", err)
			}
			device, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, fmt.Errorf("open /dev/net/tun: %w", err)
			}
			request, err := unix.NewIfreq(name)
			if err != nil {
				return nil, err
			}
			request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			if err := unix.IoctlIfreq(device, unix.TUNSETIFF, request); err != nil {
				return nil, fmt.Errorf("make the device: %w", err)
			}
			if err := unix.SetNonblock(device, true); err != nil {
				return nil, err
			}
			return os.NewFile(uintptr(device), name), nil
		}()
		result <- made{file, err}
	}()
	m := <-result
	if m.err != nil {
		t.Fatalf("make the TAP device %s: %v", name, m.err)
	}
	t.Cleanup(func() { m.file.Close() })
	return m.file
}
