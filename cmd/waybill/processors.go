package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// collectAt is by how many per cent a node's memory grows until what is left over
// is collected: its live part is small, and visitors wait while it is gone through.
const collectAt = 400

// settleRuntime makes Go serve visitors first, unless the user has chosen
// otherwise by Go's own variables. Beside a warehouse, Go runs on one processor
// more than there is: a call into the warehouse's engine may keep one of Go's
// processors for ten milliseconds before the scheduler takes it back.
func settleRuntime(warehouse bool) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if warehouse && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
