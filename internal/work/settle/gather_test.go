package settle_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

// lenient has the offer credit by everything, views for a week.
func lenient(o *offer.Offer) {
	o.Attribution, o.ViewWindow = offer.Identifiers(), span.Days(7)
}

// visit writes a click or a view down, as the edge does.
func (r *rig) visit(kind txid.Kind, change func(*click.Click)) txid.ID {
	now := time.Now()
	ticket := r.mint.Begin(now, txid.Subject{Kind: kind, Offer: 7, Affiliate: 9})
	defer ticket.Done()
	c := click.Click{ID: ticket.ID, At: now, OfferID: 7, AffiliateID: 9}
	if change != nil {
		change(&c)
	}
	o, _ := r.catalog.Offer(7)
	r.journal.put(c.ID, c.Append(nil))
	r.journal.tie(c.ID, identity.OfClick(nil, &o.Offer, &c))
	return c.ID
}

func (j *journal) tie(id txid.ID, keys [][]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, key := range keys {
		j.identities[string(key)] = append(j.identities[string(key)], id)
	}
}

// said makes a signal that says what text does, as in a query, of a click or, when
// that is zero, of none. It is written down with its identities.
func (r *rig) said(of txid.ID, text string, change func(*signal.Signal)) signal.Signal {
	s, ticket := r.begin()
	defer ticket.Done()
	s.Click = of
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, ok := param.Signal.Find(name)
		if !ok {
			r.t.Fatalf("%s is no parameter", name)
		}
		s.Params = append(s.Params, signal.Param{Name: n, Value: value})
	}
	if change != nil {
		change(&s)
	}
	o, _ := r.catalog.Offer(7)
	r.journal.put(s.ID, s.Append(nil))
	r.journal.tie(s.ID, identity.OfSignal(nil, &o.Offer, &s))
	return s
}

func device(c *click.Click)        { c.GAID = "38400000-8cf0-11bd-b23e-10b96e40000d" }
func fromBrowser(s *signal.Signal) { s.Channel = signal.SDK }

// ledTo lists the candidates of a verdict: by what, and how many days ago.
func ledTo(v signal.Verdict) string {
	var all []string
	for _, c := range v.Candidates {
		one := fmt.Sprintf("%s %s %dd", c.By, c.Kind, int(time.Since(c.At).Hours()/24))
		if c.BoundBy != "" {
			one += " by " + c.BoundBy
		}
		if c.Won {
			one += " won"
		}
		all = append(all, one)
	}
	return strings.Join(all, ", ")
}

const aDay = 24 * time.Hour

// TestIdentitiesLeadToTouches follows what customers, devices and addresses lead
// to, as it was when the signal came.
func TestIdentitiesLeadToTouches(t *testing.T) {
	visitor := func(c *click.Click) { c.IP, c.UserAgent = netip.MustParseAddr("203.0.113.7"), "Firefox" }
	tests := []struct {
		name   string
		change func(*offer.Offer)
		past   func(*rig)
		said   string
		want   string
	}{
		{
			name: "a customer whom a signal has bound", past: func(r *rig) {
				r.said(r.visit(txid.Click, nil), "customer_id=c-1", nil)
			}, said: "customer_id=c-1", want: "customer_id click 1d by server won",
		},
		{
			name: "a device that has clicked", past: func(r *rig) { r.visit(txid.Click, device) },
			said: "gaid=384000008CF011BDB23E10B96E40000D", want: "device_id click 1d won",
		},
		{
			name: "a device that has seen a banner", past: func(r *rig) { r.visit(txid.Impression, device) },
			said: "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", want: "device_id impression 1d won",
		},
		{
			name: "of several clicks the last", past: func(r *rig) { r.visit(txid.Click, device); pass(aDay); r.visit(txid.Click, device) },
			said: "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", want: "device_id click 1d won, device_id click 2d",
		},
		{
			name: "or the first", change: func(o *offer.Offer) { o.Touch = offer.FirstTouch },
			past: func(r *rig) { r.visit(txid.Click, device); pass(aDay); r.visit(txid.Click, device) },
			said: "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", want: "device_id click 2d won, device_id click 1d",
		},
		{
			name: "what a browser has bound behind what a server has", past: func(r *rig) {
				r.said(r.visit(txid.Click, nil), "customer_id=c-1", nil)
				pass(aDay)
				r.said(r.visit(txid.Click, nil), "customer_id=c-1", fromBrowser)
			}, said: "customer_id=c-1", want: "customer_id click 2d by server won, customer_id click 1d by browser",
		},
		{
			name: "however often the browser says it", past: func(r *rig) {
				r.said(r.visit(txid.Click, nil), "customer_id=c-1", nil)
				pass(aDay)
				theirs := r.visit(txid.Click, nil)
				for range 200 {
					r.said(theirs, "customer_id=c-1", fromBrowser)
				}
			}, said: "customer_id=c-1", want: "customer_id click 2d by server won, customer_id click 1d by browser",
		},
		{
			name: "a click that many signals have bound is one candidate", past: func(r *rig) {
				id := r.visit(txid.Click, nil)
				for range 3 {
					r.said(id, "customer_id=c-1", nil)
				}
			}, said: "customer_id=c-1", want: "customer_id click 1d by server won",
		},
		{
			name: "a click that was bound in time, and again too late", change: func(o *offer.Offer) { o.CustomerWindow = span.Days(365) },
			past: func(r *rig) {
				id := r.visit(txid.Click, nil)
				r.said(id, "customer_id=c-1", nil)
				pass(40 * aDay)
				r.said(id, "customer_id=c-1", nil)
			}, said: "customer_id=c-1", want: "customer_id click 41d by server won",
		},
		{
			name: "nothing that test traffic has bound", past: func(r *rig) {
				r.said(r.visit(txid.Click, nil), "customer_id=c-1", func(s *signal.Signal) { s.Test = true })
			}, said: "customer_id=c-1",
		},
		{
			name: "nothing that came by a channel which the offer does not listen to", change: func(o *offer.Offer) { o.Channels = []string{"postback"} },
			past: func(r *rig) { r.said(r.visit(txid.Click, nil), "customer_id=c-1", fromBrowser) }, said: "customer_id=c-1",
		},
		{
			name: "a click whose record is lost, by its ID", past: func(r *rig) {
				id := r.visit(txid.Click, nil)
				r.said(id, "customer_id=c-1", nil)
				delete(r.journal.records, id)
			}, said: "customer_id=c-1", want: "customer_id click 1d by server won",
		},
		{
			name: "no record that is damaged", past: func(r *rig) {
				s := r.said(r.visit(txid.Click, nil), "customer_id=c-1", nil)
				r.journal.put(s.ID, []byte{0xff})
			}, said: "customer_id=c-1",
		},
		{
			name: "the newest even where all have expired", past: func(r *rig) {
				r.visit(txid.Click, device)
				pass(aDay)
				r.visit(txid.Click, device)
				pass(40 * aDay)
			}, said: "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", want: "device_id click 41d",
		},
		{
			name: "an address of another user agent to nothing", past: func(r *rig) { r.visit(txid.Click, visitor) },
			said: "ip=203.0.113.7&user_agent=Chrome",
		},
		{
			name: "an address with its user agent", change: func(o *offer.Offer) { o.IPWindow = span.Day }, past: func(r *rig) { r.visit(txid.Click, visitor) },
			said: "ip=203.0.113.7&user_agent=Firefox", want: "ip_user_agent click 1d won",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigOf(t, func(o *offer.Offer) {
					lenient(o)
					if tt.change != nil {
						tt.change(o)
					}
				})
				tt.past(r)
				pass(aDay)
				defer r.start()() // no sooner: sweeping for days takes its time
				v := r.settler.Settle(t.Context(), r.said(txid.ID{}, tt.said, nil))
				if got := ledTo(v); got != tt.want {
					t.Errorf("%s leads to %q (%s %s); want %q", tt.said, got, v.Code, v.Rule, tt.want)
				}
			})
		})
	}
}

// TestWhatComesLaterCreditsNothing: a signal that is settled late finds what there
// was when it came.
func TestWhatComesLaterCreditsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, lenient)
		before := r.visit(txid.Click, device)
		r.said(before, "customer_id=c-1", nil)
		pass(aDay)
		byDevice := r.said(txid.ID{}, "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", nil)
		byCustomer := r.said(txid.ID{}, "customer_id=c-1", nil)
		byNobody := r.said(txid.ID{}, "customer_id=c-2", nil)
		pass(time.Minute)
		r.said(before, "customer_id=c-2", nil)
		r.said(r.visit(txid.Click, device), "customer_id=c-1", nil)
		pass(aDay)
		defer r.start()() // the sweep settles them only now
		pass(time.Minute)
		if v := r.verdict(byNobody); v.Code != signal.ClickNotFound {
			t.Errorf("by a customer who was bound later: %s (%s); want nobody found", v.Code, v.Rule)
		}
		for name, s := range map[string]signal.Signal{"device": byDevice, "customer": byCustomer} {
			v := r.verdict(s)
			if v.TransactionID != before.String() || len(v.Candidates) != 1 {
				t.Errorf("by %s: credited to %s of %d candidates; want %s, the only one there was", name, v.TransactionID, len(v.Candidates), before)
			}
		}
	})
}

// TestHowFarAnIdentityIsFollowed: the newest, or the oldest, of many, and a few
// where they decide nothing.
func TestHowFarAnIdentityIsFollowed(t *testing.T) {
	for _, touch := range []offer.Touch{offer.LastTouch, offer.FirstTouch} {
		t.Run(string(touch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigOf(t, func(o *offer.Offer) { lenient(o); o.Touch = touch })
				var all []txid.ID
				for range 100 {
					all = append(all, r.visit(txid.Click, device))
					pass(time.Minute)
				}
				defer r.start()()
				want := all[99]
				if touch == offer.FirstTouch {
					want = all[0]
				}
				pass(time.Second)
				s := r.said(txid.ID{}, "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", nil)
				r.journal.reads = 0
				v := r.settler.Settle(t.Context(), s)
				if v.TransactionID != want.String() || r.journal.reads != 64 || len(v.Candidates) != 16 {
					t.Errorf("credited to %s after %d reads, with %d candidates; want %s after 64, with 16", v.TransactionID, r.journal.reads, len(v.Candidates), want)
				}
				v = r.settler.Settle(t.Context(), r.said(all[50], "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", nil))
				if v.TransactionID != all[50].String() || len(v.Candidates) != 5 {
					t.Errorf("with its own click: credited to %s of %d candidates; want %s of 5", v.TransactionID, len(v.Candidates), all[50])
				}
			})
		})
	}
}

// TestTheWinnerIsAlwaysShown, however many stand before it.
func TestTheWinnerIsAlwaysShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, lenient)
		id := r.visit(txid.Click, device)
		for range 20 {
			pass(time.Minute)
			r.visit(txid.Impression, device)
		}
		defer r.start()()
		v := r.settler.Settle(t.Context(), r.said(txid.ID{}, "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", nil))
		if n := len(v.Candidates); v.TransactionID != id.String() || n != 17 || !v.Candidates[n-1].Won {
			t.Errorf("credited to %s, with the candidates %s; want %s, and 17 with it", v.TransactionID, ledTo(v), id)
		}
	})
}

// TestTheOrdinaryWayCostsNothingMore: a signal with a click that decides reads its
// record, and asks neither for identities nor the ledger for a conversion.
func TestTheOrdinaryWayCostsNothingMore(t *testing.T) {
	for name, change := range map[string]func(*offer.Offer){"by ID alone": func(*offer.Offer) {}, "by everything": lenient} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigOf(t, change)
				defer r.start()()
				pass(time.Second)
				s := r.said(r.visit(txid.Click, nil), "order_id=A-1&amount=50&status=approved&coupon=X", nil)
				r.journal.reads, r.journal.walks = 0, 0
				v := r.settler.Settle(t.Context(), s)
				if v.Status != signal.Accepted || r.journal.reads != 1 || r.journal.walks != 0 || len(r.ledger.targets) != 0 {
					t.Errorf("%s: %d reads, %d identities, %d look-ups; want 1, 0, 0", v.Code, r.journal.reads, r.journal.walks, len(r.ledger.targets))
				}
			})
		})
	}
}

// TestASignalDoesNotLeadToItself: that it names a customer is no reason to credit
// the click that it names.
func TestASignalDoesNotLeadToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, lenient)
		s := r.said(r.visit(txid.Click, nil), "customer_id=c-1", nil)
		defer r.start()()
		if v := r.settler.Settle(t.Context(), s); v.Status != signal.Accepted || v.Candidates != nil {
			t.Errorf("%s, with the candidates %s; want its own click alone", v.Code, ledTo(v))
		}
	})
}

// TestWithoutTheJournalASignalWaits: what cannot be looked up is not judged.
func TestWithoutTheJournalASignalWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, lenient)
		defer r.start()()
		id := r.visit(txid.Click, device)
		pass(time.Second)
		r.journal.mu.Lock()
		r.journal.err = fault.New(fault.Unavailable, "the disk is gone")
		r.journal.mu.Unlock()
		s := r.said(txid.ID{}, "gaid=38400000-8cf0-11bd-b23e-10b96e40000d", nil)
		if v := r.settler.Settle(t.Context(), s); !isQueued(v) {
			t.Errorf("without the journal: %+v; want it queued", v)
		}
		pass(time.Second)
		r.journal.mu.Lock()
		r.journal.err = nil
		r.journal.mu.Unlock()
		pass(10 * time.Second)
		if v := r.verdict(s); v.TransactionID != id.String() {
			t.Errorf("with the journal back: %+v; want it credited to %s", v, id)
		}
	})
}
