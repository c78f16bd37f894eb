//go:build amd64.v3 && !amd64.v4

package circuit

// level tells the kernel classes of builds apart: another GOAMD64 changes the
// compiler's fusing and parts of package math.
const level = ".v3"
