package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"spiqsweep/coordinator/metrics"
)

func ExampleMetrics_Handler() {
	m := metrics.New(metrics.Build{Version: "v1.0.0", Numerics: 3, KernelClass: "portable/amd64"})
	response := httptest.NewRecorder()
	m.Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(response.Body.String()) {
		if strings.HasPrefix(line, "spiqsweep_coordinator_build_info") {
			fmt.Print(line)
		}
	}
	// Output:
	// spiqsweep_coordinator_build_info{kernel_class="portable/amd64",numerics="3",version="v1.0.0"} 1
}
