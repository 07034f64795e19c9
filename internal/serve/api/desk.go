package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// ReportLimits bounds what reports and lists out of the warehouse take of a
// node, so that whoever serves visitors is not starved. Zero values are the
// defaults.
type ReportLimits struct {
	AtOnce int           // how many are under way at once; 4. Partners have half of them
	Queue  time.Duration // how long one more waits for its turn; 10 s
	Answer time.Duration // how long one may take that is answered as JSON; 60 s
	Stream time.Duration // how long one may take that is answered row by row; 10 min
}

func (l ReportLimits) withDefaults() ReportLimits {
	if l.AtOnce <= 0 {
		l.AtOnce = 4
	}
	if l.Queue <= 0 {
		l.Queue = 10 * time.Second
	}
	if l.Answer <= 0 {
		l.Answer = time.Minute
	}
	if l.Stream <= 0 {
		l.Stream = 10 * time.Minute
	}
	return l
}

// desk lets in who asks the warehouse, a few at once.
type desk struct {
	ReportLimits
	places
}

func newDesk(l ReportLimits) *desk {
	l = l.withDefaults()
	return &desk{ReportLimits: l, places: newPlaces(l.AtOnce)}
}

// enter waits for a turn. The one who gets it must leave.
func (d *desk) enter(ctx context.Context, who account.Principal) (leave func(), err error) {
	wait, cancel := context.WithTimeout(ctx, d.Queue)
	defer cancel()
	leave, ok := d.places.enter(wait, who)
	if !ok {
		return nil, d.full(ctx)
	}
	return leave, nil
}

// full tells one whose turn did not come.
func (d *desk) full(ctx context.Context) error {
	if ctx.Err() != nil {
		return errGone
	}
	p := refuse(http.StatusServiceUnavailable, fault.Unavailable.String(), "Not possible at the moment",
		fmt.Sprintf("This node works on as many reports as it may at once, %d, of which partners have %d. Send the request again.", cap(d.slots), cap(d.partners)))
	p.retry = strconv.Itoa(max(1, int(d.Queue.Seconds())))
	return p
}

// errTooLong ends a report that takes longer than it may.
var errTooLong = errors.New("the report took too long")

// errGone ends the work for a client that has left.
var errGone = refuse(statusGone, "client_gone", "The client has left", "The client did not wait for the answer.")

// statusGone is what the log says of a request whose client has left. Nobody
// receives it.
const statusGone = 499

// explained gives the answer to what went wrong while the warehouse was asked:
// its own time-out and the client's leaving look alike to it.
func (d *desk) explained(ctx context.Context, limit time.Duration, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errTooLong):
		return refuse(http.StatusGatewayTimeout, "timeout", "The report took too long", fmt.Sprintf(
			"It was stopped after %s. Ask for fewer days, or fewer dimensions (sub1 to sub10 and adv1 to adv10 are the dearest), "+
				"leave out unique_clicks, or filter by offer or affiliate. As format=csv or format=ndjson a report may take %s.",
			limit, d.Stream))
	case ctx.Err() != nil:
		return errGone
	case fault.Of(err) == fault.Limited: // it would not help to send it again
		return refuse(http.StatusUnprocessableEntity, "too_large", "The report is too large", problemOf(err).Detail)
	default:
		return err
	}
}
