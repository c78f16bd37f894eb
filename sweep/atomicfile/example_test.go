package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"spiqsweep/sweep/atomicfile"
)

// A file whose new content fails halfway keeps the old one.
func ExampleStream() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "results.csv")
	if err := atomicfile.Write(path, 0o666, []byte("task,state\n")); err != nil {
		panic(err)
	}
	err = atomicfile.Stream(path, 0o666, func(w io.Writer) error {
		fmt.Fprintln(w, "half of")
		return errors.New("the store does not answer")
	})
	body, _ := os.ReadFile(path)
	fmt.Printf("%v: %q\n", err, body)
	// Output: the store does not answer: "task,state\n"
}
