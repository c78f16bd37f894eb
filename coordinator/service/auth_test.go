package service_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
)

// allMethods lists every method of the contract, as "/package.Service/Method".
func allMethods() (paths []string) {
	protoregistry.GlobalFiles.RangeFilesByPackage("spiqsweep.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				paths = append(paths, fmt.Sprintf("/%s/%s", file.Services().Get(i).FullName(), methods.Get(j).Name()))
			}
		}
		return true
	})
	return paths
}

// invalidTokens returns authorisation headers that must be rejected.
func invalidTokens(own, other string) map[string][]string {
	unknown := credentials.NewToken()
	return map[string][]string{
		"nothing":               nil,
		"an empty value":        {""},
		"an empty token":        {"Bearer "},
		"a scheme":              {"Bearer"},
		"an unknown token":      {"Bearer " + unknown},
		"the other role's":      {"Bearer " + other},
		"the token twice":       {"Bearer " + own, "Bearer " + own},
		"it and an unknown one": {"Bearer " + own, "Bearer " + unknown},
		"both roles' tokens":    {"Bearer " + own, "Bearer " + other},
		"both in one value":     {"Bearer " + own + ", Bearer " + other},
		"no scheme":             {own},
		"another scheme":        {"Basic " + own},
		"another spelling":      {"bearer " + own},
		"two spaces":            {"Bearer  " + own},
		"a character too many":  {"Bearer " + own + "A"},
		"a character too few":   {"Bearer " + own[:len(own)-1]},
		"a long value":          {"Bearer " + strings.Repeat("A", 8<<10)},
	}
}

// openCall opens a call, sends no message, and returns the error of the server.
func openCall(ctx context.Context, connection *grpc.ClientConn, path string, values []string) error {
	for _, value := range values {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, path, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		return err
	}
	var answer raw
	return stream.RecvMsg(&answer)
}

// TestEveryMethodRequiresItsToken checks that every method of the contract, and every unknown
// one, rejects invalid tokens with the same error before it reads a message, and that no token
// is logged.
func TestEveryMethodRequiresItsToken(t *testing.T) {
	var log bytes.Buffer
	b := newFixture(t, 1, func(c *service.Config) {
		c.Log = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})
	})
	paths := allMethods()
	if len(paths) < 16 {
		t.Fatalf("the contract has %d methods, want 16 at least", len(paths))
	}
	// Unknown methods are indistinguishable from outside.
	paths = append(paths,
		"/spiqsweep.v1.WorkerService/Nothing", "/spiqsweep.v1.OperatorService/Nothing", "/spiqsweep.v1.WorkerService",
		"/spiqsweep.v1.OperatorService/WorkerService/Sync", "//spiqsweep.v1.WorkerService/Sync",
		"/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/List", "/a/b", "/",
	)
	paths = append(paths, reflectionv1.ServerReflection_ServerReflectionInfo_FullMethodName, reflectionv1alpha.ServerReflection_ServerReflectionInfo_FullMethodName)
	refused := uint64(0)
	for _, path := range paths {
		own, other := workerToken, operatorToken
		if strings.Contains(path, "OperatorService") || strings.Contains(path, "reflection") {
			own, other = operatorToken, workerToken
		}
		for name, values := range invalidTokens(own, other) {
			err := openCall(t.Context(), b.dial(""), path, values)
			if status.Code(err) != codes.Unauthenticated || status.Convert(err).Message() != "unauthenticated" || len(status.Convert(err).Details()) > 0 {
				t.Errorf("%s with %s: %v, want unauthenticated and no more", path, name, err)
			}
			refused++
		}
	}
	if got := b.server.Refusals().UnauthenticatedCalls; got != refused {
		t.Errorf("%d refused calls were counted, want %d", got, refused)
	}
	b.server.Stop(t.Context()) // ends all writes to the log
	for _, want := range []string{"call without the right token", fmt.Sprintf("unauthenticated_calls=%d", refused)} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines > 20 {
		t.Errorf("%d refused calls take %d lines of the log", refused, lines)
	}
	for _, secret := range []string{workerToken, operatorToken, workerToken[:20], operatorToken[:20], "Bearer", "AAAAAAAA"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

func TestEveryMethodAcceptsItsToken(t *testing.T) {
	b := newFixture(t, 1)
	worker, operator := b.dial(workerToken), b.dial(operatorToken)
	for _, path := range allMethods() {
		connection := worker
		if strings.Contains(path, "OperatorService") {
			connection = operator
		}
		err := callEmpty(t.Context(), connection, path)
		if code := status.Code(err); code == codes.Unauthenticated || code == codes.PermissionDenied {
			t.Errorf("%s with its own token: %v", path, err)
		}
	}
	if err := callEmpty(t.Context(), worker, "/spiqsweep.v1.WorkerService/Nothing"); status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown method: %v, want Unimplemented with a valid token", err)
	}
}

// callEmpty makes a call with an empty message and reads the first response.
func callEmpty(ctx context.Context, connection *grpc.ClientConn, path string) error {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, path, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&raw{}); err != nil && err != io.EOF { //nolint:errorlint // gRPC returns io.EOF itself
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var answer raw
	if err := stream.RecvMsg(&answer); err != io.EOF { //nolint:errorlint // gRPC returns io.EOF itself
		return err
	}
	return nil
}
