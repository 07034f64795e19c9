package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/reconcile"
)

// How many lists one node works on. A list that is received takes up to twice its
// size of memory, and has up to maxList; one that is compared takes up to 1 GB.
// Receiving takes as long as the sender likes, so that nobody else waits for it.
const (
	receivedAtOnce = 8
	comparedAtOnce = 2
	turnWithin     = time.Minute // how long a received list waits to be compared
)

// reception takes lists in: a few at once, and one of each partner, which is
// held until it is answered.
type reception struct {
	places
	mu   sync.Mutex
	busy map[reconcile.Owner]bool
}

func newReception() *reception {
	return &reception{places: newPlaces(receivedAtOnce), busy: map[reconcile.Owner]bool{}}
}

// begin lets a list in, or says at once why not.
func (r *reception) begin(ctx context.Context, who account.Principal, owner reconcile.Owner) (leave func(), err error) {
	if !who.IsNetwork() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.busy[owner] {
			return nil, fault.New(fault.Limited, "a list of yours is being received or compared; send this one again when that is answered")
		}
	}
	now, cancel := context.WithCancel(ctx)
	cancel()
	free, ok := r.enter(now, who)
	if !ok {
		return nil, fault.New(fault.Limited, "this node receives %d lists already, as many as it may at once, of which partners have %d; send this one again in a moment",
			cap(r.slots), cap(r.partners))
	}
	if who.IsNetwork() {
		return free, nil
	}
	r.busy[owner] = true
	return func() {
		r.mu.Lock()
		delete(r.busy, owner)
		r.mu.Unlock()
		free()
	}, nil
}

// receive reads the list in a request's body.
func receive(x *exchange) ([]byte, error) {
	file, err := listOf(x)
	if err != nil {
		return nil, err
	}
	var list bytes.Buffer
	if _, err := list.ReadFrom(file); err != nil {
		return nil, unreadable(err)
	}
	return list.Bytes(), nil
}

// turn waits until a received list may be compared.
func (r *reconciler) turn(ctx context.Context, who account.Principal) (leave func(), err error) {
	wait, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	leave, ok := r.compared.enter(wait, who)
	switch {
	case ok:
		return leave, nil
	case ctx.Err() != nil:
		return nil, errGone
	}
	p := refuse(http.StatusTooManyRequests, fault.Limited.String(), "Too much at once",
		fmt.Sprintf("This node compares as many lists as it may at once, %d, of which partners have %d. Send this one again.", cap(r.compared.slots), cap(r.compared.partners)))
	p.retry = strconv.Itoa(int(turnWithin.Seconds()))
	return nil, p
}

// mostKept is how many comparisons one partner has at a time. Each may be large.
const mostKept = 200

// room refuses a partner's comparison beyond those that are kept for it.
func (r *reconciler) room(ctx context.Context, t task) error {
	if t.who.IsNetwork() {
		return nil
	}
	kept, _, err := r.Reconciliations.Reconciliations(ctx, reconcile.Filter{Owner: t.owner, Limit: mostKept})
	if err != nil || len(kept) < mostKept {
		return err
	}
	until := kept[len(kept)-1].CreatedAt.Add(reconcile.Kept)
	if !until.After(r.now()) {
		return nil
	}
	return fault.New(fault.Invalid, "%d comparisons of yours are kept, as many as may be; the oldest is dropped on %s. With dry_run=true a list is read without being kept",
		mostKept, until.UTC().Format(time.DateOnly))
}
