package page

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"spiqsweep/sweep"
)

// functions are what templates call.
var functions = template.FuncMap{
	"short":          func(id any) string { text := fmt.Sprint(id); return text[:min(len(text), 12)] },
	"number":         formatNumber,
	"duration":       formatDuration,
	"printable":      sweep.Printable,
	"printableLines": sweep.PrintableLines,
	"moment":         func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"progress":       progressOf,
}

// digestOf returns the beginning of the SHA-256 of a text, enough to tell versions apart.
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// formatNumber formats an error with three digits, "" if it is undefined.
func formatNumber(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	text := strconv.FormatFloat(v, 'g', 3, 64)
	if mantissa, exponent, ok := strings.Cut(text, "e"); ok {
		n, err := strconv.Atoi(exponent)
		if err == nil {
			return fmt.Sprintf("%se%d", mantissa, n) // e-05 becomes e-5
		}
	}
	return text
}

// formatDuration formats a duration in its two largest units.
func formatDuration(d time.Duration) string {
	d = d.Round(time.Second)
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%d s", int(d/time.Second))
	}
}
