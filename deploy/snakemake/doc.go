// Package snakemake tests the rule in Snakefile: it runs Snakemake with the real programs,
// stops it in the middle of a sweep, and runs it again.
//
// The tests run only with SPIQSWEEP_MANIFESTS=1 (`make manifests`).
package snakemake
