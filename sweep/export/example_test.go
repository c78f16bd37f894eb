package export_test

import (
	"fmt"
	"os"
	"path/filepath"

	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/table"
)

func ExampleWrite() {
	row := table.Row{Task: "0123", State: sweep.Pending, Configuration: sweep.Default(), Data: "surrogate", NeuronIDs: []int{10, 11}}
	s := export.Sweep{
		Name:    "small",
		Rows:    func(yield func(table.Row, error) bool) { yield(row, nil) },
		Records: func(yield func(export.Record, error) bool) { yield(export.Record{Row: row, BinMS: 20}, nil) },
	}
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "results.csv")
	if err := export.Write(path, "csv", s); err != nil {
		panic(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.97s\n", body)
	// Output:
	// task,state,model,neurons,timesteps,k,replicate,data,neuron_ids,trainable_parameters,steps,mse_k_p
}
