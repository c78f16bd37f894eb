// Package runner turns one task into its result: it trains a model on a raster
// and measures it (DESIGN.md, sections 1 to 3).
//
// [New] stacks small decorators around the training itself, one concern each:
// logged (a log per task, attached to its failure), timed (compute time),
// recovered (a panic fails its task alone). A task goes through
//
//	the data      real statistics and floors, shared by tasks on the same data
//	a checkpoint  of this very task, if there is one; else step 0
//	training      a checkpoint now and then, and when the context ends;
//	              on the way the divergence, with the training's own kernel
//	evaluation    exact or by samples, in float64
//
// Equal tasks give equal results, bit for bit: whatever differs between two
// runs (time, host, interruptions) decides only when something happens, never
// what is computed. A task runs on the goroutine that called Run, one core.
//
// A checkpoint belongs to one task: it carries the task's ID, and a damaged or
// foreign one is refused, in which case the task starts from step 0 and its log
// says why. After a crash nothing is left to clean up: whoever gets the task
// next continues from the last checkpoint that was stored.
package runner
