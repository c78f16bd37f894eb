package recording

import (
	"testing"
)

func TestNewRefusesNothing(t *testing.T) {
	for _, shape := range [][3]int{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {-1, 1, 1}} {
		_, err := New("nothing", shape[0], shape[1], shape[2], nil)
		requireError(t, err, "recording nothing", "each must be at least 1")
	}
}
