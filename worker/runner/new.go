package runner

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
)

// checkpointEvery is how much work may be lost with a process.
const checkpointEvery = 60 * time.Second

// worthEvaluating is how much work is saved before the evaluation, which begins
// anew if it is interrupted.
const worthEvaluating = 5 * time.Second

// New returns the runner of a worker. It may run several tasks at once.
func New(kernel circuit.Kernel, log hclog.Logger) Runner {
	return logged{timed{recovered{&spiqgan{
		kernel:          kernel,
		data:            newDataShelf(),
		checkpointEvery: checkpointEvery,
		now:             time.Now,
		newTrainer: func(s gan.Settings, address random.Training, real gan.Windows) (trainer, error) {
			return gan.NewTrainer(s, address, real)
		},
	}}, time.Now}, log}
}
