package service_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
)

// TestHealth asks for the health with each kind of token, while the store answers and while
// it does not.
func TestHealth(t *testing.T) {
	var ready atomic.Bool
	b := newFixture(t, 1, func(c *service.Config) { c.Ready = ready.Load })
	for _, serving := range []bool{true, false, true} {
		ready.Store(serving)
		want := healthv1.HealthCheckResponse_NOT_SERVING
		if serving {
			want = healthv1.HealthCheckResponse_SERVING
		}
		for name, test := range map[string]struct {
			token, service string
			code           codes.Code
		}{
			"without a token":                     {"", "", codes.OK},
			"with a wrong token":                  {credentials.NewToken(), "", codes.OK},
			"of a worker":                         {workerToken, "", codes.OK},
			"of an operator":                      {operatorToken, "", codes.OK},
			"of a service":                        {workerToken, "spiqsweep.v1.OperatorService", codes.OK},
			"of no service":                       {operatorToken, "nothing", codes.NotFound},
			"of no service, unread without token": {"", "nothing", codes.OK},
		} {
			answer, err := healthv1.NewHealthClient(b.dial(test.token)).Check(t.Context(), &healthv1.HealthCheckRequest{Service: test.service})
			if status.Code(err) != test.code || err == nil && answer.GetStatus() != want {
				t.Errorf("%s: %v, %v; want %v, %v", name, answer, err, want, test.code)
			}
		}
	}
	if got := b.server.Refusals(); got != (service.Refusals{}) {
		t.Errorf("probes are counted as refused: %+v", got)
	}
}

// TestHealthWithoutTokenReadsNothing checks that a probe is answered before it sends its
// message, and that its connection is closed in time, without a line in the log.
func TestHealthWithoutTokenReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		c := b.connectHTTP2()
		c.open(healthv1.Health_Check_FullMethodName, "")
		var answer []byte
		if took, ended := c.until(func(frame http2.Frame) bool {
			data, ok := frame.(*http2.DataFrame)
			if ok {
				answer = slices.Clone(data.Data())
			}
			return ok
		}); ended || took > time.Second {
			t.Fatalf("no answer after %v; the connection ended: %v", took, ended)
		}
		var got healthv1.HealthCheckResponse
		if err := proto.Unmarshal(answer[5:], &got); err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("answer %v, %v", &got, err)
		}
		if took, ended := c.until(nothing); !ended || took > 30*time.Second {
			t.Errorf("the connection was closed: %v, after %v", ended, took)
		}
		synctest.Wait()
		if got := b.server.Refusals(); got != (service.Refusals{}) {
			t.Errorf("a probe is counted as refused: %+v", got)
		}
	})
}

// TestReflection lists the services for an operator, and reads the file of one.
func TestReflection(t *testing.T) {
	b := newFixture(t, 1)
	reflect := func(token string, request *reflectionv1.ServerReflectionRequest) (*reflectionv1.ServerReflectionResponse, error) {
		stream, err := reflectionv1.NewServerReflectionClient(b.dial(token)).ServerReflectionInfo(t.Context())
		if err != nil {
			return nil, err
		}
		_ = stream.Send(request) // io.EOF if the call is refused; Recv says why
		answer, err := stream.Recv()
		_ = stream.CloseSend()
		return answer, err
	}
	list := &reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}
	answer, err := reflect(operatorToken, list)
	b.must(err)
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	want := []string{
		"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
		"spiqsweep.v1.OperatorService", "spiqsweep.v1.WorkerService",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	for _, name := range want {
		answer, err := reflect(operatorToken, &reflectionv1.ServerReflectionRequest{
			MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name},
		})
		b.must(err)
		files := answer.GetFileDescriptorResponse().GetFileDescriptorProto()
		if len(files) == 0 {
			t.Errorf("there is no file of %s: %v", name, answer)
			continue
		}
		if err := proto.Unmarshal(files[0], &descriptorpb.FileDescriptorProto{}); err != nil {
			t.Errorf("the file of %s: %v", name, err)
		}
	}
	if _, err := reflect(workerToken, list); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a worker reads the services: %v", err)
	}
}

// TestHealthChecksWithoutTokenAreLimited repeats probes on one connection, and goes on with
// another.
func TestHealthChecksWithoutTokenAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		for range 2 {
			c := b.connectHTTP2()
			for range 40 {
				c.open(healthv1.Health_Check_FullMethodName, "")
			}
			answers := 0
			if took, ended := c.until(func(frame http2.Frame) bool {
				if _, ok := frame.(*http2.DataFrame); ok {
					answers++
				}
				return false
			}); !ended || took > time.Second || answers > 16 {
				t.Errorf("%d of 40 probes were answered; the connection ended: %v, after %v", answers, ended, took)
			}
		}
		synctest.Wait()
		if got := b.server.Refusals(); got.RateLimited == 0 || got.UnauthenticatedConnections != 0 {
			t.Errorf("counted %+v", got)
		}
		if _, err := healthv1.NewHealthClient(b.dial("")).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
			t.Errorf("a new connection: %v", err)
		}
	})
}
