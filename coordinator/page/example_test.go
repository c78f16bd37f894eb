package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"spiqsweep/coordinator/page"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// A page that needs no login answers requests under names of this machine alone, so that no
// other site can read it through the browser of its reader.
func ExampleNew() {
	p := page.New(page.Config{Queue: queue.New(queuetest.Memory(time.Now), queue.Policy{})})
	for _, host := range []string{"127.0.0.1:8080", "rebound.example"} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Host = host
		response := httptest.NewRecorder()
		p.ServeHTTP(response, request)
		fmt.Println(host, response.Code)
	}
	// Output:
	// 127.0.0.1:8080 200
	// rebound.example 421
}
