package delivery

import "time"

// Ask is what a worker asks of the queue: some of what is due, on a lease.
type Ask struct {
	Now        time.Time
	LeaseUntil time.Time
	Limit      int
	// Most is how many it can take of a subscription, 0 for none now. One that
	// is not listed has no bound.
	Most map[int64]int
}

// Of gives how many may be taken of a subscription, Limit at most.
func (a Ask) Of(subscriptionID int64) int {
	if n, bounded := a.Most[subscriptionID]; bounded {
		return max(0, min(n, a.Limit))
	}
	return max(0, a.Limit)
}
