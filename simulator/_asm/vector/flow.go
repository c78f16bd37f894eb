package vector

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers
	"github.com/mmcloughlin/avo/reg"
)

var labels int

// newLabels returns the labels of the two ends of a loop.
func newLabels() (head, end string) {
	labels++
	return fmt.Sprintf("loop%d", labels), fmt.Sprintf("end%d", labels)
}

// Loop runs body count times. It decrements count to 0.
func Loop(count reg.Register, body func()) {
	head, end := newLabels()
	TESTQ(count, count)
	JZ(LabelRef(end))
	Label(head)
	body()
	DECQ(count)
	JNZ(LabelRef(head))
	Label(end)
}

// Tiles divides count, a register or memory, into steps of the given sizes, the
// largest first. The last size must be 1. It decrements count to 0.
func Tiles(count Op, sizes []int, body func(size int)) {
	for _, size := range sizes {
		head, end := newLabels()
		Label(head)
		CMPQ(count, I32(size))
		JL(LabelRef(end))
		body(size)
		SUBQ(I32(size), count)
		JMP(LabelRef(head))
		Label(end)
	}
}

// Upto runs body for at = 0, step, 2·step … below the bound, which is above 0.
func Upto(bound reg.Register, step int, body func(at reg.Register)) {
	head, _ := newLabels()
	at := GP64()
	XORQ(at, at)
	Label(head)
	body(at)
	ADDQ(I32(step), at)
	CMPQ(at, bound)
	JL(LabelRef(head))
}

// Members runs body for the index of every set bit, lowest first. It clears the set.
func Members(set reg.Register, body func(number reg.Register)) {
	head, end := newLabels()
	TESTQ(set, set)
	JZ(LabelRef(end))
	Label(head)
	number, less := GP64(), GP64()
	TZCNTQ(set, number)
	LEAQ(At(set).Offset(-1), less)
	ANDQ(less, set)
	body(number)
	TESTQ(set, set)
	JNZ(LabelRef(head))
	Label(end)
}

// While runs body while the comparison made by compare gives "less".
func While(compare, body func()) {
	head, end := newLabels()
	JMP(LabelRef(end))
	Label(head)
	body()
	Label(end)
	compare()
	JL(LabelRef(head))
}
