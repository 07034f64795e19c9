package delivery

import "time"

// MostCounted is how far the queue of a destination is counted. A number that
// reaches it stands for that many or more, so that a long queue costs no more to
// look at than a short one.
const MostCounted = 10_000

// Destination is where the postbacks of one subscription go, as it stands.
type Destination struct {
	SubscriptionID int64
	Waiting        int64 // whether due or not
	Due            int64 // of these; those under way are not
	Dead           int64
	Parked         int64
	OldestDue      time.Time // since when the first of those that are due is; zero when none is
	LastSuccess    time.Time // to within a second, as the failure
	LastFailure    time.Time
	LastClass      ErrorClass // of the last failure
	LastStatus     int
	LastDetail     string
	Breaker        Breaker
}

// Backlog gives how long the first of the postbacks that are due has been so.
func (d Destination) Backlog(now time.Time) time.Duration {
	if d.OldestDue.IsZero() {
		return 0
	}
	return max(0, now.Sub(d.OldestDue))
}
