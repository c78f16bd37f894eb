package store

import "time"

// Option changes how a store is opened.
type Option func(*options)

// options: now is nil for the store's own clock.
type options struct{ now func() time.Time }

// WithClock gives a store another clock than the system's, or the database's.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

func resolve(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// clock is the one that was given, or the system's.
func (o options) clock() func() time.Time {
	if o.now == nil {
		return time.Now
	}
	return o.now
}

// stored is a time as it is kept and read back: microseconds, in UTC, without a
// monotonic reading, so that a suspended machine is noticed.
func stored(t time.Time) time.Time { return instant(micros(t)) }

// micros is a time as an integer; 0 for none.
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

// span is a duration kept as microseconds.
func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
