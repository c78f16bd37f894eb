//go:build !unix

package plan

import "time"

var began = time.Now()

// processorTime is the time that has passed: compare it on a quiet machine.
func processorTime() time.Duration { return time.Since(began) }
