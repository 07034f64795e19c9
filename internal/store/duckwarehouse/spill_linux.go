package duckwarehouse

import "golang.org/x/sys/unix"

// freeSpace gives how many bytes can still be written in a folder.
func freeSpace(dir string) (int64, bool) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * fs.Bsize, true //nolint:gosec // less than 8 EiB
}
