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
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
)

// contract lists every method of every service of the contract, also of those
// that are yet to come: "/package.Service/Method".
func contract() (paths []string) {
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

// showing are the authorisation values of callers that nobody lets in.
func showing(own, other string) map[string][]string {
	stranger := credentials.NewToken()
	return map[string][]string{
		"nothing":             nil,
		"an empty value":      {""},
		"an empty token":      {"Bearer "},
		"a scheme":            {"Bearer"},
		"a stranger's token":  {"Bearer " + stranger},
		"the other role's":    {"Bearer " + other},
		"it twice":            {"Bearer " + own, "Bearer " + own},
		"it and a stranger's": {"Bearer " + own, "Bearer " + stranger},
		"both roles' tokens":  {"Bearer " + own, "Bearer " + other},
		"both in one":         {"Bearer " + own + ", Bearer " + other},
		"it without a scheme": {own},
		"another scheme":      {"Basic " + own},
		"another spelling":    {"bearer " + own},
		"it with a space":     {"Bearer  " + own},
		"it and a bit":        {"Bearer " + own + "A"},
		"all but a bit":       {"Bearer " + own[:len(own)-1]},
		"much":                {"Bearer " + strings.Repeat("A", 8<<10)},
	}
}

// knock opens a call and hears what comes back before any message is sent.
func knock(ctx context.Context, connection *grpc.ClientConn, path string, values []string) error {
	for _, value := range values {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, path, grpc.ForceCodec(asIs{}))
	if err != nil {
		return err
	}
	var answer raw
	return stream.RecvMsg(&answer)
}

// TestEveryMethodAsksForItsRole walks the contract's descriptors, so that no
// method can be forgotten. Who has not the right token is refused before a
// message is read, and learns nothing; the log learns no token.
func TestEveryMethodAsksForItsRole(t *testing.T) {
	var log bytes.Buffer
	b := newRig(t, 1, func(c *service.Config) {
		c.Log = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})
	})
	paths := contract()
	if len(paths) < 16 {
		t.Fatalf("the contract has %d methods, want 16 at least", len(paths))
	}
	// What is not there is no different, from outside.
	paths = append(paths,
		"/spiqsweep.v1.WorkerService/Nothing", "/spiqsweep.v1.OperatorService/Nothing", "/spiqsweep.v1.WorkerService",
		"/spiqsweep.v1.OperatorService/WorkerService/Sync", "//spiqsweep.v1.WorkerService/Sync",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.health.v1.Health/Check", "/a/b", "/",
	)
	refused := uint64(0)
	for _, path := range paths {
		own, other := workerToken, operatorToken
		if strings.Contains(path, "OperatorService") {
			own, other = operatorToken, workerToken
		}
		for name, values := range showing(own, other) {
			err := knock(t.Context(), b.dial(""), path, values)
			if status.Code(err) != codes.Unauthenticated || status.Convert(err).Message() != "unauthenticated" || len(status.Convert(err).Details()) > 0 {
				t.Errorf("%s with %s: %v, want unauthenticated and no more", path, name, err)
			}
			refused++
		}
	}
	if got := b.server.Refusals().Unauthenticated; got != refused {
		t.Errorf("%d refused calls were counted, want %d", got, refused)
	}
	b.server.Stop(t.Context()) // nobody writes to the log any more
	for _, want := range []string{"call without the right token", fmt.Sprintf("unauthenticated=%d", refused)} {
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

// TestEveryMethodOpensToItsRole is the other half: what the role's own token
// opens is a method that exists.
func TestEveryMethodOpensToItsRole(t *testing.T) {
	b := newRig(t, 1)
	worker, operator := b.dial(workerToken), b.dial(operatorToken)
	for _, path := range contract() {
		connection := worker
		if strings.Contains(path, "OperatorService") {
			connection = operator
		}
		err := empty(t.Context(), connection, path)
		if code := status.Code(err); code == codes.Unauthenticated || code == codes.PermissionDenied {
			t.Errorf("%s with its own token: %v", path, err)
		}
	}
	if err := empty(t.Context(), worker, "/spiqsweep.v1.WorkerService/Nothing"); status.Code(err) != codes.Unimplemented {
		t.Errorf("a method that is not there: %v, want Unimplemented for those who may ask", err)
	}
}

// empty makes a call with one empty message, and reads the first answer.
func empty(ctx context.Context, connection *grpc.ClientConn, path string) error {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, path, grpc.ForceCodec(asIs{}))
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&raw{}); err != nil && err != io.EOF { //nolint:errorlint // io.EOF as it is: the stream has ended
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var answer raw
	if err := stream.RecvMsg(&answer); err != io.EOF { //nolint:errorlint // io.EOF as it is: an empty stream
		return err
	}
	return nil
}
