package queue

import (
	"fmt"

	"spiqsweep/sweep"
)

// Arithmetic is what decides the bits of a task's result besides its configuration and
// recording. A process may run the tasks of a sweep only if their arithmetics are equal.
type Arithmetic struct {
	Numerics    int // see sweep.Numerics
	KernelClass string
}

// ProgramArithmetic returns the arithmetic of this program with kernels of a class.
func ProgramArithmetic(kernelClass string) Arithmetic {
	return Arithmetic{Numerics: sweep.Numerics, KernelClass: kernelClass}
}

// Arithmetic returns the arithmetic that the sweep requires.
func (s Sweep) Arithmetic() Arithmetic { return Arithmetic{s.Numerics, s.KernelClass} }

// Arithmetic returns the arithmetic of the process.
func (p Process) Arithmetic() Arithmetic { return Arithmetic{p.Numerics, p.KernelClass} }

// WorkerMismatch returns why a worker cannot run tasks that require an arithmetic, with
// the fix; "" if it can.
func WorkerMismatch(worker, required Arithmetic) string {
	switch {
	case worker.Numerics != required.Numerics:
		return fmt.Sprintf("the worker computes with numerics %d, the sweep with %d: %s",
			worker.Numerics, required.Numerics, UpdateAdvice("worker", worker.Numerics, required.Numerics))
	case worker != required:
		return fmt.Sprintf("the worker's kernel class is %q, the sweep's is %q, and their results differ in bits: "+
			"start the worker with another SPIQSWEEP_KERNEL or on another machine, "+
			"or a sweep of the worker's class with `coordinator --kernel %s`",
			worker.KernelClass, required.KernelClass, worker.KernelClass)
	}
	return ""
}

// SubmissionMismatch returns why a coordinator that serves an arithmetic cannot accept a
// sweep, with the fix; "" if it can.
func SubmissionMismatch(submitted, served Arithmetic) string {
	switch {
	case submitted.Numerics != served.Numerics:
		return fmt.Sprintf("the sweep is of numerics %d, the coordinator serves numerics %d: %s",
			submitted.Numerics, served.Numerics, UpdateAdvice("program that submits it", submitted.Numerics, served.Numerics))
	case submitted != served:
		return fmt.Sprintf("the sweep is of kernel class %q, the coordinator serves %q: submit the sweep with `--kernel %s`, or to another coordinator",
			submitted.KernelClass, served.KernelClass, served.KernelClass)
	}
	return ""
}

// SweepMismatch returns why a program cannot continue a sweep that has begun, as a
// predicate of the sweep, and with what the sweep can be continued. Both are "" if the
// program can.
func SweepMismatch(begun, program Arithmetic) (reason, with string) {
	switch {
	case begun.Numerics != program.Numerics:
		return fmt.Sprintf("has numerics %d, and this program computes with %d", begun.Numerics, program.Numerics),
			"the program that started it"
	case begun != program:
		return fmt.Sprintf("has kernel class %s, and this program runs with %s", begun.KernelClass, program.KernelClass),
			"--kernel " + begun.KernelClass
	}
	return "", ""
}

// UpdateAdvice names the older of a coordinator and its caller, by their versions.
func UpdateAdvice(caller string, theirs, coordinators int) string {
	if theirs < coordinators {
		return "update the " + caller
	}
	return "update the coordinator"
}
