package sim

import "strings"

// badPage tells a path in a mini-program that the platform refuses. query says whether
// one may follow it.
func badPage(path string, query bool) bool {
	return strings.HasPrefix(path, "/") || len(path) > 1024 || strings.ContainsAny(path, " \n#") || !query && strings.Contains(path, "?")
}
