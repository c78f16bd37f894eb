package export

import (
	"io"

	"spiqsweep/sweep/model"
)

// writeSamples writes windows drawn from each model, as `coordinator sample` does, to
// TASK.npz. The result of some fitted models keeps no law to draw from; they have none.
func writeSamples(folder string, s Sweep) error {
	interrupted := s.Interrupted
	if interrupted == nil {
		interrupted = func() error { return nil }
	}
	for r, err := range s.Records {
		if err != nil {
			return err
		}
		if r.Result == nil || r.Repeated || r.Configuration.IsFitted() && len(r.Result.Parameters) == 0 {
			continue
		}
		sampler, err := model.NewSampler(r.Row, *r.Result, s.Seed)
		if err != nil {
			return err
		}
		err = writeIn(folder, string(r.Task)+".npz", func(w io.Writer) error {
			return model.WriteSample(w, "npz", sampler, sampler.Meta(s.Windows, r.BinMS, s.Software), interrupted)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
