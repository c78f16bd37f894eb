//go:build amd64.v3 && !amd64.v4

package circuit

// level distinguishes the kernel classes of builds: GOAMD64 affects the compiler's
// fusing of operations and parts of package math.
const level = ".v3"
