package app

import (
	"os"
	"runtime/debug"
)

// serverGC lets the heap grow to five times what is alive before it is collected. A server keeps little alive but has a stack to scan
// for every connection and request, so that with Go's default of 100 a flood is collected many times a second.
const serverGC = 400

// SpendMemory sets the garbage collector up for a server, for the whole process: about a tenth less CPU for each claim in a flood
// (cmd/loadgen). The variable GOGC, when set, wins. The demo does without, to stay small.
func SpendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(serverGC)
	}
}
