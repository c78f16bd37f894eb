package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // assembly reads better without qualifiers
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // assembly reads better without qualifiers

	. "spiqsweep/simulator/_asm/vector" //nolint:revive // assembly reads better without qualifiers
)

// penaltyScale computes in float64, for half as many lanes as there are float32 in a
// vector.
func (k kernel) penaltyScale() {
	k.Function("penaltyScale", "func(scale, squares *[16]float32, least, factor float64) bool")
	half := XMM
	if k.Wide() {
		half = YMM
	}
	scale, squares := Number("scale"), Number("squares")
	least, factor, one, zero := k.Broadcast64(Parameter("least")), k.Broadcast64(Parameter("factor")), k.Broadcast64(Constant64(1)), k.Zero()
	some := half() // the bits that any scale has
	VXORPS(some, some, some)
	for at := 0; at < LaneBytes; at += k.Bytes / 2 {
		norm, x, scales := k.Register(), k.Register(), half()
		VCVTPS2PD(At(squares).Offset(at), norm)
		VSQRTPD(norm, norm)
		VSUBPD(one, norm, x)
		VMAXPD(least, x, x)
		VMULPD(factor, x, x)
		VDIVPD(norm, x, x)
		if k.Wide() {
			positive := K()
			VCMPPD(U8(Less), norm, zero, positive)
			VCVTPD2PS_Z(x, positive, scales)
		} else {
			positive := k.Register()
			VCMPPD(U8(Less), norm, zero, positive)
			VANDPD(positive, x, x)
			VCVTPD2PSY(x, scales)
		}
		VMOVUPS(scales, At(scale).Offset(at))
		VORPS(scales, some, some)
	}
	found, lanes, none := GP8(), GP32(), half()
	VXORPS(none, none, none)
	VCMPPS(U8(NotEqual), none, some, some)
	VMOVMSKPS(some, lanes)
	TESTL(lanes, lanes)
	SETNE(found)
	Store(found, ReturnIndex(0))
	k.Ret()
}
