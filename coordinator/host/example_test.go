package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
)

// A server writes the files with which workers and operators find it before it serves.
func ExampleOpenServer() {
	parent, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(parent)
	server, err := host.OpenServer(context.Background(), host.ServerConfig{
		Options: host.Options{
			Endpoint: host.Endpoint{Listen: "127.0.0.1:0"},
			Policy:   queue.Policy{LeaseTerm: time.Minute},
			Log:      hclog.NewNullLogger(),
		},
		Out:         filepath.Join(parent, "serve"),
		KernelClass: "portable/amd64",
	})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	file, err := credentials.Load(server.WorkerFile())
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(server.WorkerFile()), "is of role", file.Role, "and names the address:", file.Addresses[0] == server.Address())
	// Output: worker.json is of role worker and names the address: true
}
