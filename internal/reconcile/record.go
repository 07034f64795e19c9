package reconcile

import (
	"encoding/json"
	"fmt"
	"time"
)

// Record is a reconciliation as it is kept. Its rows are kept beside it, in
// parts.
type Record struct {
	ID         string
	Owner      Owner // who made it, and alone may read it beside the network
	CreatedAt  time.Time
	Name       string
	Parameters json.RawMessage
	Summary    json.RawMessage
}

// Part is so many rows of one class. Body is theirs, packed by whoever keeps
// them.
type Part struct {
	Class  Class
	Number int // from 0
	Body   []byte
}

// Kept is how long a reconciliation is kept.
const Kept = 90 * 24 * time.Hour

// NewID names a reconciliation. IDs sort by time; tail is what keeps two of one
// millisecond apart.
func NewID(at time.Time, tail string) string { return fmt.Sprintf("%012x%s", at.UnixMilli(), tail) }

// Filter picks reconciliations.
type Filter struct {
	All    bool // whoever made them
	Owner  Owner
	Limit  int
	Cursor string
}
