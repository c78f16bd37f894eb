package doctor_test

import (
	"context"
	"fmt"
	"net"
	"os"

	"spiqsweep/coordinator/doctor"
)

func ExampleExamine() {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer other.Close()
	config := doctor.Config{Folder: os.TempDir(), Listen: other.Addr().String(), Workers: 1}
	for _, finding := range doctor.Examine(context.Background(), config) {
		if finding.Check == "network" {
			fmt.Println(finding.OK, finding.Fix)
		}
	}
	// Output:
	// false choose another port with --listen, or end the program that has it
}
