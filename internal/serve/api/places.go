package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
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

// retryPlace is after how many seconds who got no place may ask again.
const retryPlace = "10"

// turn waits for a place so long, and refuses one whose turn does not come. What
// is what there is too much of.
func (p places) turn(ctx context.Context, who account.Principal, within time.Duration, what string) (leave func(), err error) {
	wait, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	leave, ok := p.enter(wait, who)
	switch {
	case ok:
		return leave, nil
	case ctx.Err() != nil:
		return nil, errGone
	}
	full := refuse(http.StatusTooManyRequests, fault.Limited.String(), "Too much at once",
		fmt.Sprintf("This node works on as many %s as it may at once, %d, of which partners have %d. Send this one again in a while.", what, cap(p.slots), cap(p.partners)))
	full.retry = retryPlace
	return nil, full
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
