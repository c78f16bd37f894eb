package service

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// errUnauthenticated is all that a caller without the right token learns, on
// any method, existing or not.
var errUnauthenticated = status.Error(codes.Unauthenticated, "unauthenticated")

// access knows the token of each role.
type access struct {
	worker, operator string
	refusals         *refusals
}

// admit is the door of a call: it sees the headers before any of the message
// is read, lets in only who shows the token of the service's role and does not
// come too often, and gives the call an end.
func (a access) admit(ctx context.Context, call *tap.Info) (context.Context, error) {
	c := connectionOf(ctx)
	if !credentials.Present(ctx, a.tokenOf(call.FullMethodName)) {
		a.refusals.note(unauthenticated, c.RemoteAddr(), "the token is missing, wrong, or another role's")
		c.turnedAway()
		return ctx, errUnauthenticated
	}
	c.admitted()
	if !c.calls.Allow() {
		a.refusals.note(tooMany, c.RemoteAddr(), "too many calls by one connection")
		return ctx, errTooMany
	}
	if why := otherProtocol(ctx); why != "" && roleOf(call.FullMethodName) == credentials.Operator {
		return ctx, status.Error(codes.FailedPrecondition, why)
	}
	return withEnd(ctx, lifeOf(call.FullMethodName)), nil
}

// tokenOf returns the token that opens a method: "" (which nobody can present)
// for one that is of neither service.
func (a access) tokenOf(method string) string {
	switch roleOf(method) {
	case credentials.Worker:
		return a.worker
	case credentials.Operator:
		return a.operator
	default:
		return ""
	}
}

// roleOf is the role whose service a method is of.
func roleOf(method string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch name {
	case spiqsweepv1.WorkerService_ServiceDesc.ServiceName:
		return credentials.Worker
	case spiqsweepv1.OperatorService_ServiceDesc.ServiceName:
		return credentials.Operator
	default:
		return ""
	}
}
