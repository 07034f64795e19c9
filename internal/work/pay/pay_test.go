package pay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/payout"
	"waybill/internal/signal"
	"waybill/internal/work/pay"
)

// desk is a ledger with one payout of some conversions, and what pays them.
type desk struct {
	mu      sync.Mutex
	all     []string // conversions that are approved, by ID
	paid    []string
	through string
	until   time.Time // of the lease
	booked  int
	away    error // of the ledger
	// says gives the verdict on a conversion; it is paid where that is nil.
	says func(id string) signal.Verdict
}

func newDesk(conversions int) *desk {
	d := new(desk)
	for n := range conversions {
		d.all = append(d.all, fmt.Sprintf("c%06d", n))
	}
	return d
}

func (d *desk) ClaimPayout(_ context.Context, now, until time.Time) (*payout.Payout, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away != nil || d.booked > 0 || now.Before(d.until) {
		return nil, "", d.away
	}
	d.until = until
	return &payout.Payout{ID: 1, Status: payout.Booking}, d.through, nil
}

func (d *desk) ToBePaid(_ context.Context, _ *payout.Payout, after string, limit int) ([]conversion.Conversion, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []conversion.Conversion
	for _, id := range d.all {
		if id > after && len(all) < limit && !slices.Contains(d.paid, id) {
			all = append(all, conversion.Conversion{ID: id})
		}
	}
	return all, nil
}

func (d *desk) AdvancePayout(_ context.Context, _ int64, from, through string, at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if from != d.through {
		return fault.New(fault.Internal, "it goes on from %q and is at %q", from, d.through)
	}
	d.through, d.until = through, at
	return nil
}

func (d *desk) FinishPayout(context.Context, int64, time.Time) (payout.Payout, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.booked++
	return payout.Payout{ID: 1, Status: payout.Booked}, nil
}

func (d *desk) pay(_ context.Context, c *conversion.Conversion, _ int64) signal.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.says != nil {
		if v := d.says(c.ID); v.Status != "" {
			return v
		}
	}
	if slices.Contains(d.paid, c.ID) {
		return signal.Verdict{Status: signal.Duplicate}
	}
	d.paid = append(d.paid, c.ID)
	return signal.Verdict{Status: signal.Updated}
}

func (d *desk) worker() *pay.Worker {
	return pay.New(d, d.pay, time.Now, slog.New(slog.DiscardHandler))
}

func (d *desk) done() (paid, booked int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.paid), d.booked
}

func TestAPayoutIsWorkedOff(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 1000} {
		d := newDesk(n)
		if err := d.worker().WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		if paid, booked := d.done(); paid != n || booked != 1 {
			t.Errorf("of %d conversions %d were paid, and it was booked %d times", n, paid, booked)
		}
	}
}

func TestWhatIsRefusedIsPassedOver(t *testing.T) {
	d := newDesk(600)
	d.says = func(id string) signal.Verdict {
		if id == "c000007" || id == "c000599" {
			return signal.Verdict{Status: signal.Rejected, Code: signal.TransitionNotAllowed}
		}
		return signal.Verdict{}
	}
	if err := d.worker().WorkOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	if paid, booked := d.done(); paid != 598 || booked != 1 {
		t.Errorf("%d were paid, and it was booked %d times; want 598 and once", paid, booked)
	}
}

// TestWhatIsNotJudgedIsTakenUpAgain: nothing is ended before every conversion has
// its verdict.
func TestWhatIsNotJudgedIsTakenUpAgain(t *testing.T) {
	for _, unsettled := range []signal.Verdict{
		{Status: signal.Queued, Code: signal.CodeQueued},
		{Status: signal.Rejected, Code: signal.Unavailable},
		{Status: signal.Rejected, Code: signal.RateLimited},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(300)
			away := true
			d.says = func(id string) signal.Verdict {
				if away && id == "c000290" {
					return unsettled
				}
				return signal.Verdict{}
			}
			w := d.worker()
			if err := w.WorkOff(t.Context()); fault.Of(err) != fault.Unavailable {
				t.Errorf("%s: %v, want it Unavailable", unsettled.Code, err)
			}
			if _, booked := d.done(); booked != 0 || d.through != "c000255" {
				t.Errorf("%s: it was booked %d times, and is through %q", unsettled.Code, booked, d.through)
			}
			d.mu.Lock()
			away = false
			d.mu.Unlock()
			<-time.After(time.Minute) // until the lease is over
			if err := w.WorkOff(t.Context()); err != nil {
				t.Fatal(err)
			}
			if paid, booked := d.done(); paid != 300 || booked != 1 {
				t.Errorf("%s: %d were paid in the end, and it was booked %d times", unsettled.Code, paid, booked)
			}
		})
	}
}

func TestRunGoesOnAfterTheLedgerWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(10)
		d.away = fault.New(fault.Unavailable, "away")
		ctx, stop := context.WithCancel(t.Context())
		w := d.worker()
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		<-time.After(time.Minute)
		d.mu.Lock()
		d.away = nil
		d.mu.Unlock()
		w.Nudge()
		synctest.Wait()
		if paid, booked := d.done(); paid != 10 || booked != 1 {
			t.Errorf("%d were paid, and it was booked %d times; want 10 and once", paid, booked)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v, want it to tell that it was stopped", err)
		}
	})
}

func TestAStopEndsAPiece(t *testing.T) {
	d := newDesk(10_000)
	ctx, stop := context.WithCancel(t.Context())
	d.says = func(id string) signal.Verdict {
		if id >= "c000100" { // whichever comes first
			stop()
		}
		return signal.Verdict{}
	}
	if err := d.worker().WorkOff(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("WorkOff() = %v, want it stopped", err)
	}
	if paid, booked := d.done(); paid >= 256 || booked != 0 {
		t.Errorf("%d were paid, and it was booked %d times", paid, booked)
	}
}
