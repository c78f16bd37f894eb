package service

import (
	"errors"
	"fmt"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// errNotGranted says why a result is not even unpacked.
var errNotGranted = errors.New("the attempt was never granted to this process")

// readReport reads how a lease ended. Its error says why a report cannot be
// believed.
func readReport(in *spiqsweepv1.Report, budget *wire.Budget, limit int) (queue.Report, error) {
	switch outcome := in.GetOutcome().(type) {
	case *spiqsweepv1.Report_Result:
		result, err := readResult(outcome.Result, budget, limit)
		return queue.Report{Result: result}, err
	case *spiqsweepv1.Report_Failure:
		return queue.Report{Failure: &queue.Failure{
			Message: sweep.Printable(shortened(outcome.Failure.GetMessage())),
			Log:     sweep.PrintableLines(shortened(outcome.Failure.GetLog())),

			Reproducible: outcome.Failure.GetReproducible(),
		}}, nil
	case *spiqsweepv1.Report_HandBack:
		return queue.Report{HandBack: &queue.HandBack{Reason: sweep.Printable(shortened(outcome.HandBack.GetReason()))}}, nil
	default:
		return queue.Report{}, fmt.Errorf("the report has no outcome")
	}
}

// readResult unpacks a result of at most limit bytes; 0: its lease was never granted. Whether it is what its digest says and fits its
// task is for the queue to say.
func readResult(in *spiqsweepv1.Result, budget *wire.Budget, limit int) (*queue.ResultReport, error) {
	if limit == 0 {
		return nil, errNotGranted
	}
	if size := wire.UnpackedSize(in.GetBody()); size > limit {
		return nil, fmt.Errorf("result of %d bytes: its task has at most %d", size, limit)
	}
	body, err := budget.Unpack(in.GetBody())
	if err != nil {
		return nil, fmt.Errorf("result of %d bytes: %w", len(in.GetBody()), err)
	}
	return &queue.ResultReport{Body: body, Digest: in.GetDigest(), ComputeTime: in.GetComputeTime().AsDuration()}, nil
}

// shortened keeps the end of a text, where a log says what went wrong.
func shortened(text string) string { return text[max(0, len(text)-maxText):] }
