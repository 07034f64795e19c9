package signal

import "time"

// Replay says how signals that came to nothing are judged again.
type Replay struct {
	By     string // who asked for it, as the trace names it
	Trust  bool   // the sender is believed, whatever it proved when it sent them
	DryRun bool   // nothing is written
}

// Replayable reports whether a signal may be judged again: it was rejected, or put
// aside because it could not be settled.
func (v *Verdict) Replayable() bool { return v.Status == Rejected || v.Status == Queued }

// Replayed is what came of one signal that was to be judged again.
type Replayed struct {
	SignalID string
	Before   Verdict // zero when there was none
	After    Verdict // as it is now, or would be; Before where nothing changed
	Skipped  string  // why it was not judged; empty when it was
}

// Earlier is a verdict that another one has taken the place of.
type Earlier struct {
	Verdict
	ReplacedAt time.Time
	By         string // who had the signal judged again
	Trusted    bool   // and vouched for its sender
}
