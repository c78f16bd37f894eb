package recording_test

import (
	"context"
	"fmt"
	"log"

	"spiqsweep/simulator/recording"
)

// Two neurons of the surrogate, a tenth of the repeats held out, windows of five
// bins to train on.
func Example() {
	r := recording.Surrogate(1)
	fmt.Println(r.Name(), r.Repeats(), r.Neurons(), r.Bins())

	selection, err := recording.ParseSelection("most_active")
	if err != nil {
		log.Fatal(err)
	}
	ids, err := r.Select(selection, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	train, heldout, err := r.Raster(ids).Holdout(0.1, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("neurons", ids, "train", train.Repeats, "held out", heldout.Repeats)

	windows, err := train.Windows(5)
	if err != nil {
		log.Fatal(err)
	}
	window := make([]uint32, 5)
	windows.At(130*windows.PerRepeat()+439, window) // repeat 130, bins 439 to 443
	fmt.Printf("%d windows, one of them %02b\n", windows.Len(), window)

	// Output:
	// surrogate 297 20 952
	// neurons [10 11] train 267 held out 30
	// 253116 windows, one of them [10 10 11 11 01]
}

func ExampleOpen() {
	r, err := recording.Open(context.Background(), "testdata/double.mat", recording.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Name(), r.Repeats(), "repeats,", r.Neurons(), "neurons,", r.Bins(), "bins")

	r, err = recording.Open(context.Background(), "testdata/plane.npy", recording.Options{Axes: "bins,neurons", BinMS: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Name(), r.Shape())

	// Output:
	// double.mat 4 repeats, 3 neurons, 5 bins
	// plane.npy 1 repeat × 5 neurons × 3 bins of 10 ms
}
