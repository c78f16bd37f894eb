// Package wire converts between the types of coordinator/queue and the messages of
// OperatorService. Both ends use it: coordinator/service and coordinator/remote.
//
// WriteX encodes a value and ReadX decodes it unchanged, except for fields that the
// contract omits; each ReadX names them. ReadX checks sizes, digests, labels and numbers,
// and requires a configuration to be canonical and valid. Its error describes a fault of
// the message, and thus of its sender.
package wire
