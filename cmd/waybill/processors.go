package main

import (
	"os"
	"runtime"
)

// addProcessor lets Go run on one processor more than there is, unless the user
// has chosen a number. A call into the warehouse's engine may keep one of Go's
// processors for ten milliseconds before the scheduler takes it back, and
// visitors would wait as long for the rest of the machine.
func addProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
