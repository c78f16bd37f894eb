package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// TestImage builds the image for 64-bit ARM from two clones of the repository in different folders.
// Both must have the same bytes, and podman must read them in the form of Docker and in that of OCI.
// CI compiles the programs for ARM only here.
func TestImage(t *testing.T) {
	if os.Getenv("SPIQSWEEP_IMAGE") != "1" {
		t.Skip("skipped: it compiles both programs anew: run `make image-check`")
	}
	var archives [2][]byte
	var file string
	for i := range archives {
		clone := filepath.Join(t.TempDir(), "clone")
		execute(t, "git", "clone", "--quiet", "../..", clone)
		execute(t, "make", "-C", clone, "image", "VERSION=1.2.3", "ARCH=arm64")
		file = filepath.Join(clone, "bin", "spiqsweep.tar")
		var err error
		if archives[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("one commit gives two images in two folders")
	}

	podman := needs.Program(t, "podman", "podman")
	if os.Geteuid() != 0 {
		t.Skip("skipped: podman needs root, or its configuration for other users")
	}
	for _, load := range [][]string{{"load", "--input", file}, {"pull", "docker-archive:" + file}, {"pull", "oci-archive:" + file}} {
		folder, err := os.MkdirTemp("", "podman") // t.TempDir is too long for the path of a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		storage := []string{"--root", filepath.Join(folder, "root"), "--runroot", filepath.Join(folder, "run"), "--storage-driver", "vfs", "--events-backend", "none"}
		execute(t, podman, append(storage, load...)...)
		said := execute(t, podman, append(storage, "image", "inspect", "--format", "{{.User}} {{.Architecture}} {{.RepoTags}}", "localhost/spiqsweep:1.2.3")...)
		if !strings.HasPrefix(said, "65532:65532 arm64 ") || !strings.Contains(said, "[localhost/spiqsweep:1.2.3]") {
			t.Errorf("podman %s: the image is %q", load[0], said)
		}
	}
}

// execute runs a program, which must succeed, and returns its output.
func execute(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	said, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, said)
	}
	return string(said)
}
