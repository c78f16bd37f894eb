// Package runner computes the result of one task: it trains a model on a raster
// and evaluates it (DESIGN.md, sections 1 to 3).
//
// [New] wraps the training in small decorators with one concern each: logged (a
// log per task, attached to its failure), timed (compute time) and recovered (a
// panic fails only its task). The stages of a task are
//
//	data        real statistics and floors, shared by tasks on the same data
//	checkpoint  resume from the task's checkpoint, if any; otherwise step 0
//	training    saves checkpoints regularly and when the context ends;
//	            measures the divergence with the training's own kernel
//	evaluation  exact or from samples, in float64
//
// Equal tasks on kernels of one class give equal results, bit for bit: time, host
// and interruptions do not affect the computation. A task runs on the goroutine
// that called Run, on one core.
//
// A checkpoint contains the ID of its task. If a checkpoint is damaged or belongs
// to another task, the task starts from step 0 and its log gives the reason. The
// package writes no files, so a crash leaves nothing to clean up: the next worker
// continues from the last stored checkpoint.
package runner
