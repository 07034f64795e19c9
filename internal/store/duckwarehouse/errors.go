package duckwarehouse

import (
	"errors"
	"strings"

	"waybill/internal/fault"
)

// advice is what an operator is to do about a broken file.
const advice = `run "waybill rebuild warehouse"`

// engineError is an error as DuckDB words it: its kind, a colon, what happened.
type engineError struct{ text string }

func (e *engineError) Error() string { return e.text }

// is reports whether the error is of one of DuckDB's kinds.
func (e *engineError) is(kinds ...string) bool {
	for _, k := range kinds {
		if strings.HasPrefix(e.text, k) {
			return true
		}
	}
	return false
}

// says reports whether the error has one of the phrases in it.
func (e *engineError) says(phrases ...string) bool {
	for _, p := range phrases {
		if strings.Contains(e.text, p) {
			return true
		}
	}
	return false
}

// explain makes a fault of DuckDB's message, where it is one.
//
// What DuckDB calls fatal or internal leaves its database unusable until it is
// opened again, which the next call does. It is Damaged only where it says that
// something could not be read: a checkpoint that fails, or a defect that a
// report runs into, passes.
func explain(message string) error {
	e := &engineError{text: message}
	switch {
	case e.is("INTERRUPT"):
		return fault.Because(e, fault.Unavailable, "the report was stopped")
	case e.is("Out of Memory") || e.says("max_temp_directory_size", "failed to offload"):
		return fault.Because(e, fault.Limited, "the report needs more memory than the warehouse may use; ask for less: fewer dimensions, a shorter time, a filter")
	case e.says("Could not set lock on file", "Conflicting lock"):
		return fault.Because(e, fault.Conflict, "another process has the warehouse open")
	case e.says("No space left", "Disk quota"):
		return fault.Because(e, fault.Unavailable, "the disk of the warehouse is full")
	case e.says("Too many open files", "Permission denied", "Read-only file system", "Cannot allocate memory"):
		return fault.Because(e, fault.Unavailable, "the system refuses the warehouse a file")
	case e.is("TransactionContext") && e.says("onflict"):
		return fault.Because(e, fault.Unavailable, "the warehouse is being rearranged; try again")
	case e.says("has been invalidated"):
		return fault.Because(e, fault.Unavailable, "the warehouse is being opened again; try again")
	case e.is("IO Error", "Serialization") || e.says("not a valid DuckDB database", "checksum", "orrupt"):
		return fault.Because(e, fault.Damaged, "the warehouse's file cannot be read; %s", advice)
	case e.is("FATAL", "INTERNAL"):
		return fault.Because(e, fault.Unavailable, "the warehouse met a fatal error and is opened again; if it does not pass, %s", advice)
	}
	return e
}

// fatal reports whether the database must be opened again.
func fatal(err error) bool {
	e, ok := errors.AsType[*engineError](err)
	return ok && (e.is("FATAL", "INTERNAL") || e.says("has been invalidated"))
}
