package api

import (
	"context"

	"waybill/internal/account"
)

// places are so many as work is done at once. Partners have half of them: those
// of them that are slow would else keep the network out.
type places struct {
	slots, partners chan struct{}
}

func newPlaces(n int) places {
	return places{slots: make(chan struct{}, n), partners: make(chan struct{}, max(1, n/2))}
}

// enter waits for a place until ctx is done. The one who gets it must leave.
func (p places) enter(ctx context.Context, who account.Principal) (leave func(), ok bool) {
	if who.IsNetwork() {
		return func() { <-p.slots }, take(ctx, p.slots)
	}
	if !take(ctx, p.partners) {
		return nil, false
	}
	if !take(ctx, p.slots) {
		<-p.partners
		return nil, false
	}
	return func() { <-p.slots; <-p.partners }, true
}

// take takes a place, if one becomes free before ctx is done.
func take(ctx context.Context, free chan struct{}) bool {
	select {
	case free <- struct{}{}:
		return true
	default:
	}
	select {
	case free <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
