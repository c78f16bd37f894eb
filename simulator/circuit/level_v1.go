//go:build !amd64.v2

package circuit

// level distinguishes the kernel classes of builds: GOAMD64 affects the compiler's
// fusing of operations and parts of package math.
const level = ""
