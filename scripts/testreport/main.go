// Command testreport reads `go test -json` and prints what a person wants to see: the packages with their times, the output of
// what failed, the reason of what was skipped, and one closing line with the counts.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

type test struct{ pkg, name string }

func main() { os.Exit(run()) }

func run() int {
	output := map[test][]string{}
	skips := map[string]int{}
	children := map[test]bool{}
	results := map[test]string{}
	brokenPackages := 0
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // a build error, printed as it is
			continue
		}
		key := test{e.Package, e.Test}
		switch e.Action {
		case "output", "build-output":
			output[key] = append(output[key], e.Output)
		case "pass", "fail", "skip":
			if e.Test == "" {
				fmt.Printf("%-4s %6.1fs  %s\n", e.Action, e.Elapsed, e.Package)
				if e.Action == "fail" {
					brokenPackages++
					fmt.Print(strings.Join(output[key], ""))
				}
				continue
			}
			if i := strings.LastIndex(e.Test, "/"); i >= 0 {
				children[test{e.Package, e.Test[:i]}] = true
			}
			results[key] = e.Action
			switch e.Action {
			case "fail":
				fmt.Print(strings.Join(output[key], ""))
			case "skip":
				skips[reason(output[key])]++
			}
			delete(output, key)
		}
	}
	passed, failed, skipped := 0, 0, 0
	for key, result := range results {
		if children[key] {
			continue // its subtests are counted
		}
		switch result {
		case "pass":
			passed++
		case "fail":
			failed++
		case "skip":
			skipped++
		}
	}
	if brokenPackages > 0 && failed == 0 {
		failed = brokenPackages // did not build, or panicked outside of a test
	}
	reasons := make([]string, 0, len(skips))
	for r, n := range skips {
		reasons = append(reasons, fmt.Sprintf("skipped %d: %s", n, r))
	}
	slices.Sort(reasons)
	for _, r := range reasons {
		fmt.Println(r)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || passed == 0 {
		return 1
	}
	return 0
}

// reason finds what t.Skip said among a skipped test's lines.
func reason(lines []string) string {
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "===") && !strings.HasPrefix(l, "---") {
			if _, text, ok := strings.Cut(l, ".go:"); ok {
				_, text, _ = strings.Cut(text, ": ")
				return text
			}
			return l
		}
	}
	return "no reason given"
}
