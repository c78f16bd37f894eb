// Package doctor checks whether a machine can run sweeps: its kernels, clock, disk, network
// and limits. Each check is independent of the others, and leaves nothing behind.
package doctor
