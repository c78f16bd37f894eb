package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/metrics"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Config configures a Server. Every field but TLS, Limits, Metrics and Ready must be set.
type Config struct {
	Queue *queue.Queue
	// Sweep is the ID of the sweep that an operator means by default.
	Sweep string
	// WorkerToken and OperatorToken open one service each. OperatorToken also
	// authenticates leases, so it should not change while workers run.
	WorkerToken, OperatorToken string
	// TLS holds the server's certificate; nil serves plain text.
	TLS *tls.Config
	// Numerics and KernelClass are those that workers must compute with.
	Numerics    int
	KernelClass string
	Limits      Limits
	Log         hclog.Logger
	// Metrics measures the calls; nil measures nothing.
	Metrics *metrics.Metrics
	// Ready reports whether the store answers; nil means that it does. It must return
	// immediately, because callers without a token may have it called.
	Ready func() bool
}

// Server serves workers and operators.
type Server struct {
	grpc     *grpc.Server
	limits   Limits
	refusals *refusals
	open     atomic.Int64 // connections
	workers  *registry
	stopping chan struct{} // closed by the first Stop: ends long polls
	stopOnce sync.Once
}

// New returns a server that does not listen yet.
func New(c Config) *Server {
	s := &Server{
		limits: c.Limits.withDefaults(), refusals: newRefusals(c.Log),
		workers: newRegistry(), stopping: make(chan struct{}),
	}
	s.grpc = grpc.NewServer(
		grpc.Creds(transport(c.TLS, s.refusals)),
		grpc.InTapHandle(authenticator{worker: c.WorkerToken, operator: c.OperatorToken, refusals: s.refusals}.admit),
		grpc.ChainUnaryInterceptor(c.Metrics.Unary, newProcessLimiter(s.limits, s.refusals).limit, limitTime, recoverUnary(c.Log)),
		grpc.ChainStreamInterceptor(c.Metrics.Stream, cutIdleStreams(s.refusals), recoverStream(c.Log)),
		grpc.MaxRecvMsgSize(credentials.MaxMessageBytes),
		grpc.MaxSendMsgSize(credentials.MaxMessageBytes),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: silenceTimeout, Timeout: silenceTimeout / 3,
			MaxConnectionIdle: idleTimeout, MaxConnectionAge: maxAge, MaxConnectionAgeGrace: streamTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: silenceTimeout / 3, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	for _, r := range s.services(c) {
		s.grpc.RegisterService(r.service, r.implementation)
	}
	reflection.Register(s.grpc)
	c.Metrics.WatchServer(s.open.Load, s.refusals.byReason)
	return s
}

// registration pairs a gRPC service with its implementation.
type registration struct {
	service        *grpc.ServiceDesc
	implementation any
}

// services returns all services of the server.
func (s *Server) services(c Config) []registration {
	return []registration{
		{&spiqsweepv1.WorkerService_ServiceDesc, &worker{
			rules: Rules{c}, workers: s.workers, stopping: s.stopping, decoding: semaphore.NewWeighted(maxDecoding),
			recordings: must(lru.New[string, *spiqsweepv1.GetRecordingResponse](maxRecordings)),
		}},
		{&spiqsweepv1.OperatorService_ServiceDesc, &operator{Config: c}},
		{&healthDesc, health{ready: c.Ready, stopping: s.stopping}},
	}
}

// Refusals returns how many callers were refused so far.
func (s *Server) Refusals() Refusals { return s.refusals.sum() }

// Serve serves connections of the listener until Stop, and closes it.
func (s *Server) Serve(l net.Listener) error {
	err := s.grpc.Serve(listener{Listener: l, limits: s.limits, refusals: s.refusals, open: &s.open})
	if err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// WaitForWorkers waits until every worker that called recently has learned that
// no work is left, or its lease term has passed, or ctx ends.
func (s *Server) WaitForWorkers(ctx context.Context) { s.workers.wait(ctx) }

// Stop waits for the calls in progress, and aborts them when ctx ends. It may be
// called more than once.
func (s *Server) Stop(ctx context.Context) {
	s.stopOnce.Do(func() {
		close(s.stopping)
		s.refusals.logSum()
	})
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
	}
}

// recoverUnary turns a panic of a handler into an error of its call.
func recoverUnary(log hclog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
		defer func() {
			if fault := recover(); fault != nil {
				out, err = nil, panicError(log, call.FullMethod, fault)
			}
		}()
		return handle(ctx, in)
	}
}

// recoverStream turns a panic of a handler into an error of its stream.
func recoverStream(log hclog.Logger) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
		defer func() {
			if fault := recover(); fault != nil {
				err = panicError(log, call.FullMethod, fault)
			}
		}()
		return handle(service, stream)
	}
}

// panicError logs a panic and returns an error without its details.
func panicError(log hclog.Logger, method string, fault any) error {
	log.Error("call panicked", "call", method, "panic", fault, "stack", string(debug.Stack()))
	return status.Errorf(codes.Internal, "the coordinator failed at %s: its log says more", method)
}

// must returns the value of a call with constant arguments, which cannot fail.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
