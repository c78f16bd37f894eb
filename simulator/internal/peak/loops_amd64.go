//go:build !noasm

package peak

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd ../../_asm/peak && go run . -out ../../internal/peak/kernel_amd64.s -stubs ../../internal/peak/kernel_stubs_amd64.go -pkg peak"

// chains is the number of independent vectors in a generated loop, each of 16 or 8 float32.
const chains = 12

func assemblyLoops() (loops []Loop) {
	if cpu.X86.HasAVX512F {
		loops = append(loops, Loop{"avx512", 16 * chains, halveAVX512})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		loops = append(loops, Loop{"avx2", 8 * chains, halveAVX2})
	}
	return loops
}

// cycles takes 64 clock cycles a round.
var cycles = add
