package store

import "math"

// fileSizeLimit returns math.MaxUint64: Windows has no such limit.
func fileSizeLimit() uint64 { return math.MaxUint64 }
