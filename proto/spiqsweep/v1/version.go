package spiqsweepv1

// ProtocolVersion is the version of this contract that programs built from it
// speak (Process.protocol). Whoever changes what a message means raises it.
const ProtocolVersion = 1
