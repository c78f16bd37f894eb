// Command image writes a container image of the programs in bin/: an OCI archive that
// `docker load`, `podman load` and `ctr images import` read. The image holds nothing else,
// and equal programs give equal bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"spiqsweep/sweep/atomicfile"
)

func main() {
	bin := flag.String("bin", "bin", "`folder` of the programs coordinator and worker, built for Linux")
	tag := flag.String("tag", "localhost/spiqsweep:latest", "`name` of the image")
	to := flag.String("to", "bin/spiqsweep.tar", "`file` to write")
	flag.Parse()
	if err := run(*bin, *tag, *to); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(bin, tag, to string) error {
	var programs []program
	for _, name := range []string{"coordinator", "worker"} {
		p, err := readProgram(filepath.Join(bin, name))
		if err != nil {
			return err
		}
		programs = append(programs, p)
	}
	archive, err := pack(programs, tag)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(to, 0o644, archive); err != nil {
		return err
	}
	fmt.Printf("%s: image %s for %s, %d MiB\n", to, tag, programs[0].architecture, len(archive)>>20)
	return nil
}
