package inputfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"spiqsweep/simulator/inputfile"
)

func ExampleRead() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "sweep.hcl")
	if err := os.WriteFile(path, []byte("sweep {}\n"), 0o600); err != nil {
		panic(err)
	}
	for _, limit := range []int64{100, 4} {
		body, err := inputfile.Read(path, limit)
		fmt.Printf("%q %v\n", body, strings.ReplaceAll(fmt.Sprint(err), folder, "…"))
	}
	_, err = inputfile.Read(folder, 100)
	fmt.Println(strings.ReplaceAll(err.Error(), folder, "…"))
	// Output:
	// "sweep {}\n" <nil>
	// "" …/sweep.hcl has 9 bytes, and at most 4 are read: check that it is the right file
	// … is a directory: give the path of a file in it
}
