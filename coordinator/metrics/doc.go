// Package metrics measures a coordinator for Prometheus.
//
// Counters and histograms are kept where the work is done: by the gRPC server
// ([Metrics.Unary], [Metrics.Stream], [Metrics.LongPoll], [Metrics.Synced]) and around the
// store ([Metrics.Store]). A measurement is a few atomic additions. The state of the sweeps
// and workers is read from the store when Prometheus asks for it ([Metrics.Watch]), so it
// is that of all coordinators of the store, while counters are those of this one.
//
// The number of time series is bounded: no label holds what a caller sends, and at most
// [MaxSweeps] sweeps have separate series. All state is in memory and begins with the
// process.
package metrics
