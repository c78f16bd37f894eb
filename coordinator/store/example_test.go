package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
)

// A sweep that was planned can be read after its coordinator has ended.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "sweep.db")

	s, err := store.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	revision, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("figure-s1"), queuetest.Stream(queuetest.Plan(0, 60, 10)))
	fmt.Println(revision.Added, err)
	fmt.Println(s.Close())

	s, err = store.OpenReadOnly(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	status, err := queue.New(s, queue.Policy{}).Status(ctx, "figure-s1")
	fmt.Println(status.Counts.Pending, err)
	// Output:
	// 60 <nil>
	// <nil>
	// 60 <nil>
}
