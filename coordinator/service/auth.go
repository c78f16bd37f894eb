package service

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// errUnauthenticated is the error of every call without a valid token, whether or not
// the method exists.
var errUnauthenticated = status.Error(codes.Unauthenticated, "unauthenticated")

// authenticator holds the token of each role.
type authenticator struct {
	worker, operator string
	refusals         *refusals
}

// admit runs on the headers of each call, before its message is read. It rejects calls
// without the token of the service's role, calls beyond the connection's rate, and
// operators of another protocol, and sets the deadline of the call. A health check needs
// no token, but its connection does not count as authenticated without one.
func (a authenticator) admit(ctx context.Context, call *tap.Info) (context.Context, error) {
	c := connectionOf(ctx)
	switch {
	case call.FullMethodName == healthv1.Health_Check_FullMethodName && !a.presentsAny(ctx):
		if c.probes.Add(1) > maxProbes {
			a.refusals.note(rateLimited, c.RemoteAddr(), "too many health checks without a token by one connection")
			_ = c.close()
			return ctx, errTooMany
		}
		return withDeadline(context.WithValue(ctx, anonymousKey{}, true), healthTimeout), nil
	case call.FullMethodName == healthv1.Health_Check_FullMethodName:
	case !credentials.Present(ctx, a.tokenOf(call.FullMethodName)):
		a.refusals.note(unauthenticatedCall, c.RemoteAddr(), "the token is missing, wrong, or another role's")
		c.tokenRejected()
		return ctx, errUnauthenticated
	}
	c.tokenAccepted()
	if !c.calls.Allow() {
		a.refusals.note(rateLimited, c.RemoteAddr(), "too many calls by one connection")
		return ctx, errTooMany
	}
	if roleOf(call.FullMethodName) == credentials.Operator {
		if reason := operatorMismatch(ctx); reason != "" {
			return ctx, status.Error(codes.FailedPrecondition, reason)
		}
	}
	return withDeadline(ctx, callLifetime(call.FullMethodName)), nil
}

// presentsAny reports whether a call presents the token of either role.
func (a authenticator) presentsAny(ctx context.Context) bool {
	return credentials.Present(ctx, a.worker) || credentials.Present(ctx, a.operator)
}

// tokenOf returns the token that opens a method. It returns "", which no call can
// present, for a method of neither service.
func (a authenticator) tokenOf(method string) string {
	switch roleOf(method) {
	case credentials.Worker:
		return a.worker
	case credentials.Operator:
		return a.operator
	default:
		return ""
	}
}

// roleOf returns the role that may call a method; "" if neither.
func roleOf(method string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch name {
	case spiqsweepv1.WorkerService_ServiceDesc.ServiceName:
		return credentials.Worker
	case spiqsweepv1.OperatorService_ServiceDesc.ServiceName,
		reflectionv1.ServerReflection_ServiceDesc.ServiceName, reflectionv1alpha.ServerReflection_ServiceDesc.ServiceName:
		return credentials.Operator
	default:
		return ""
	}
}
