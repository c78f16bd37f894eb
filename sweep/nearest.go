package sweep

import (
	"slices"
	"strings"
)

// Nearest returns the candidate with the fewest edits from a misspelt name, the
// first of several. Case and separators do not count. It returns "" if every
// candidate needs more than two edits, or more than half the length of the name.
func Nearest(name string, candidates []string) string {
	folded := []rune(FoldName(name))
	best, nearest := min(2, len(folded)/2)+1, ""
	for _, candidate := range candidates {
		other := []rune(FoldName(candidate))
		if len(other) == 0 || max(len(folded)-len(other), len(other)-len(folded)) >= best {
			continue
		}
		if distance := editDistance(folded, other); distance < best {
			best, nearest = distance, candidate
		}
	}
	return nearest
}

// NearestColumn returns the column that a name may mean: the nearest by [Nearest], else the first
// that contains the name, as mse_covariance does covariance. It returns "" if there is none.
func NearestColumn(name string, columns []string) string {
	if nearest := Nearest(name, columns); nearest != "" || len(name) < 3 {
		return nearest
	}
	i := slices.IndexFunc(columns, func(column string) bool { return strings.Contains(column, strings.ToLower(name)) })
	if i < 0 {
		return ""
	}
	return columns[i]
}

// FoldName makes names equal that differ only in case and separators.
func FoldName(name string) string { return separators.Replace(strings.ToLower(name)) }

// separators is shared because building a Replacer takes much longer than using it.
var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// editDistance returns the Levenshtein distance: the fewest insertions, deletions
// and substitutions that turn a into b.
func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1) // row[j] is the distance of a[:i] and b[:j]
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			substituted := diagonal
			if x != y {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
