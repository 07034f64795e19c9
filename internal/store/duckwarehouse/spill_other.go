//go:build !linux

package duckwarehouse

// freeSpace is not asked for on systems that tell it otherwise.
func freeSpace(string) (int64, bool) { return 0, false }
