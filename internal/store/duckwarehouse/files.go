package duckwarehouse

import (
	"errors"
	"fmt"
	"os"

	"waybill/internal/fault"
)

// What stands behind the name of a warehouse's file in those that belong to it.
const (
	made      = ".made" // says that there was a file, so that one that is gone is missed
	temporary = ".tmp"  // the folder for what does not fit into memory
)

// logs are the endings of DuckDB's write-ahead logs.
func logs() []string { return []string{".wal", ".wal.checkpoint", ".wal.recovery"} }

// isThere fails if there was a file and is none.
func isThere(path string) error {
	_, err := os.Stat(path)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(path + made); err == nil {
		return fault.New(fault.Damaged, "the warehouse's file is gone; %s", advice)
	}
	return nil
}

// Remove takes a closed warehouse's file away, and what belongs to it.
func Remove(path string) error {
	err := errors.Join(removeLogs(path), removeIfThere(path), removeIfThere(path+made), os.RemoveAll(path+temporary))
	if err != nil {
		return fmt.Errorf("remove the warehouse %s: %w", path, err)
	}
	return nil
}

// Replace puts a closed warehouse's file in the place of another. If it fails,
// or the process ends, one of the two is whole and in its place.
func Replace(from, path string) error {
	err := removeLogs(path) // it must not be read into the new file
	if err == nil {
		err = os.Rename(from, path)
	}
	if err == nil {
		err = errors.Join(os.WriteFile(path+made, nil, 0o600), Remove(from))
	}
	if err != nil {
		return fmt.Errorf("replace the warehouse %s: %w", path, err)
	}
	return nil
}

func removeLogs(path string) error {
	var all []error
	for _, ending := range logs() {
		all = append(all, removeIfThere(path+ending))
	}
	return errors.Join(all...)
}
