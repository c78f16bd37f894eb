package sweep

import "testing"

func TestNearest(t *testing.T) {
	candidates := []string{"", "log-level", "local", "lease-term", "batch_size"}
	for name, want := range map[string]string{
		"log-level": "log-level", "LOG_LEVEL": "log-level", "loglvel": "log-level", "lgo-level": "log-level",
		"locla": "local", "lcal": "local", "Batch Size": "batch_size", "batch-sizes": "batch_size",
		"lo": "", "": "", "-": "", "level": "", "remote": "", "log-levels-and-more": "",
	} {
		if got := Nearest(name, candidates); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestNearestColumn(t *testing.T) {
	columns := []string{"task", "mse_k_probability", "mse_covariance", "floor_covariance"}
	for name, want := range map[string]string{
		"covariance": "mse_covariance", "mse_cov": "mse_covariance", "Floor_Cov": "floor_covariance", "tsak": "task",
		"se": "", "": "", "remote": "",
	} {
		if got := NearestColumn(name, columns); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "ab", 2},
		{"ab", "", 2},
		{"chain", "chian", 2},
		{"chain", "chain", 0},
		{"kitten", "sitting", 3},
		{"flaw", "lawn", 2},
		{"größe", "grösse", 2},
	} {
		if got := editDistance([]rune(test.a), []rune(test.b)); got != test.want {
			t.Errorf("%q and %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
