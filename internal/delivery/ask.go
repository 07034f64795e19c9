package delivery

import "time"

// Ask is what a worker asks of the queue: some of what is due, on a lease.
type Ask struct {
	Now        time.Time
	LeaseUntil time.Time
	Limit      int
	// Most is how many it can take of a subscription, 0 for none now. One that
	// is not listed is bounded by Each.
	Most map[int64]int
	Each int // 0: no bound
}

// Of gives how many may be taken of a subscription, Limit at most.
func (a Ask) Of(subscriptionID int64) int {
	n, listed := a.Most[subscriptionID]
	if !listed {
		if n = a.Each; n == 0 {
			n = a.Limit
		}
	}
	return max(0, min(n, a.Limit))
}
