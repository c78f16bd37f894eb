package store

import "time"

// stored returns a time as the store returns it: in UTC, in whole microseconds, and
// without a monotonic reading, which stops while the machine is suspended.
func stored(t time.Time) time.Time { return instant(micros(t)) }

// micros returns a time in microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the inverse of micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// span returns the duration of some microseconds.
func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
