package folder_test

import (
	"fmt"

	"spiqsweep/coordinator/folder"
)

// A command that the program suggests can be pasted into a shell.
func ExampleCommandLine() {
	fmt.Println(folder.CommandLine("coordinator", "--out", "runs/my retina", "--config", "n=2"))
	// Output: coordinator --out 'runs/my retina' --config n=2
}
