package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
)

// conversionNote is what the API says of a conversion.
type conversionNote struct {
	ID    string `json:"id"`
	Touch struct {
		TransactionID string `json:"transaction_id"`
		Own           string `json:"aff_click_id"`
		RecordMissing bool   `json:"record_missing"`
	} `json:"touch"`
}

// deliveryNote is what the API says of an owed postback.
type deliveryNote struct {
	ID           string `json:"id"`
	ConversionID string `json:"conversion_id"`
	State        string `json:"state"`
	Attempts     int    `json:"attempts"`
}

// verify holds an installation to what its clients were told. Its node runs; it
// is stopped in the end.
func (b *book) verify(s *site) {
	s.t.Helper()
	b.verifyClicks(s)
	b.verifyVerdicts(s)
	conversions := list[conversionNote](s, "conversions")
	b.verifyConversions(s, conversions)
	verifyBalances(s, len(conversions))
	s.check()
	s.stop()
	if len(b.refused) > 0 {
		b.sweepRefused(s)
	}
	s.check()
	verifySettled(s)
	s.t.Logf("%d clicks, %d postbacks answered with a verdict, %d conversions; refused: %v",
		len(b.clicks), len(b.answers), len(conversions), b.refused)
}

// caughtUp waits until the node has settled what an earlier one has left: from
// then on it judges at once.
func (b *book) caughtUp(s *site, offer int64) {
	s.t.Helper()
	s.eventually("settle what was left", func() error {
		a := s.convert(s.visit(b, offer)) // one that is still queued is settled with the rest
		b.answered(a)
		if a.Status != "accepted" {
			return fmt.Errorf("a postback is answered %+v", a)
		}
		return nil
	})
}

// sweepRefused lets a node start and settle what was written down although its
// sender was told to come again, which nobody waits for.
func (b *book) sweepRefused(s *site) {
	s.t.Helper()
	s.start()
	s.eventually("settle what was refused", func() error {
		if a := s.convert(b.known()); a.Status != "duplicate" {
			return fmt.Errorf("a known conversion is answered %+v", a)
		}
		return nil
	})
	s.stop()
}

// verifyClicks looks for every click that was answered.
func (b *book) verifyClicks(s *site) {
	s.t.Helper()
	each(s.t, slices.Collect(maps.Keys(b.clicks)), func(id string) error {
		var got struct {
			TransactionID string `json:"transaction_id"`
			Own           string `json:"aff_click_id"`
			SentTo        string `json:"sent_to"`
		}
		want := b.clicks[id]
		err := s.call(http.MethodGet, "clicks/"+id, nil, &got)
		switch {
		case err != nil && want.slow:
			s.t.Logf("click %s was answered too late to be sure of, and is not there", id)
			return nil
		case err != nil:
			return fmt.Errorf("a click was answered and is not there: %w", err)
		case got.TransactionID != id || got.Own != want.own || got.SentTo != destination+id:
			return fmt.Errorf("click %s of %s is kept as %+v", id, want.own, got)
		}
		return nil
	})
}

// verdict reads the verdict on a signal; that of one which has none is queued.
func (s *site) verdict(signal string) (answerNote, error) {
	var got struct {
		Verdict answerNote `json:"verdict"`
	}
	err := s.call(http.MethodGet, "signals/"+signal, nil, &got)
	return got.Verdict, err
}

// verifyVerdicts waits until every signal that was answered with a 2xx has its
// verdict, and compares it with the answer.
func (b *book) verifyVerdicts(s *site) {
	s.t.Helper()
	each(s.t, b.answers, func(a answerNote) error {
		return poll(patience, func() error {
			v, err := s.verdict(a.SignalID)
			switch {
			case err != nil:
				return err
			case v.Status == "queued":
				return fmt.Errorf("signal %s has no verdict yet", a.SignalID)
			case a.Status == "queued" && (v.Status == "accepted" || v.Status == "duplicate"),
				a.Status == v.Status && a.Code == v.Code && a.ConversionID == v.ConversionID:
				return nil
			}
			return fmt.Errorf("signal %s was answered %s, and its verdict is %+v", a.SignalID, a.Status, v)
		})
	})
}

// verifyConversions compares conversions with the answers: each is there once.
func (b *book) verifyConversions(s *site, conversions []conversionNote) {
	s.t.Helper()
	of := map[string]string{}
	for _, c := range conversions {
		id := c.Touch.TransactionID
		if first, twice := of[id]; twice {
			s.t.Errorf("click %s is counted twice: %s and %s", id, first, c.ID)
		}
		of[id] = c.ID
		v, ok := b.clicks[id]
		if !ok || !c.Touch.RecordMissing && v.own != c.Touch.Own || c.Touch.RecordMissing && !v.slow {
			s.t.Errorf("conversion %+v is of a click that was noted as %+v", c, v)
		}
	}
	accepted := map[string]int{}
	for _, a := range b.answers {
		if a.Status == "accepted" {
			accepted[a.ConversionID]++
		}
		if got := of[a.TransactionID]; got == "" || a.ConversionID != "" && got != a.ConversionID {
			s.t.Errorf("signal %s was answered %s, conversion %q; click %s has %q",
				a.SignalID, a.Status, a.ConversionID, a.TransactionID, got)
		}
	}
	for id, n := range accepted {
		if n > 1 {
			s.t.Errorf("conversion %s was accepted %d times", id, n)
		}
	}
}

// verifyBalances compares the balances with what so many conversions come to.
func verifyBalances(s *site, conversions int) {
	s.t.Helper()
	type balance struct {
		Account struct {
			Party string `json:"party"`
		} `json:"account"`
		Amount struct {
			Amount string `json:"amount"`
		} `json:"amount"`
	}
	got := map[string]float64{}
	for _, b := range list[balance](s, "balances") {
		v, err := strconv.ParseFloat(b.Amount.Amount, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		got[b.Account.Party] += v // whole dollars: exact
	}
	n := float64(conversions)
	want := map[string]float64{"advertiser": 5 * n, "affiliate": -4 * n, "network": -n}
	if n > 0 && !maps.Equal(got, want) {
		s.t.Errorf("%d conversions come to balances of %v, want %v", conversions, got, want)
	}
}

// verifySettled looks into the stores of an installation that nobody uses: no
// signal is without a verdict, whether its sender was answered or not.
func verifySettled(s *site) {
	s.t.Helper()
	ctx := context.Background()
	in, err := openInstallation(&env{ctx: ctx, stdout: io.Discard, stderr: s.log}, s.common(), false, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	err = in.unsettled(ctx, func(id txid.ID) { s.t.Errorf("signal %s has no verdict", id) })
	if err := errors.Join(err, in.close()); err != nil {
		s.t.Fatal(err)
	}
}

// common gives what commands on the installation are configured with.
func (s *site) common() common {
	c := common{Data: s.dir, LogLevel: "warn"}
	for i, arg := range s.args {
		if arg == "--ledger" {
			c.Ledger = s.args[i+1]
		}
	}
	return c
}

// unsettled calls f for every signal in the journal that has no verdict.
func (in *installation) unsettled(ctx context.Context, f func(txid.ID)) error {
	nodes, err := in.journal.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		var ids []txid.ID
		q := pebblejournal.Query{Kind: txid.Signal, Node: node, To: math.MaxInt64}
		err := in.journal.Scan(ctx, q, func(id txid.ID, _ []byte) error {
			ids = append(ids, id)
			return nil
		})
		if err != nil {
			return err
		}
		for part := range slices.Chunk(ids, checkBatch) {
			settled, err := in.ledger.Settled(ctx, part)
			if err != nil {
				return err
			}
			for i, id := range part {
				if !settled[i] {
					f(id)
				}
			}
		}
	}
	return nil
}

// inFlight is how many postbacks a node takes in hand at most, and perHost how
// many of them are under way to one host.
const (
	inFlight = 64
	perHost  = 8
)

// verifyDeliveries holds the postbacks to their promise: one is owed for each
// conversion, and was received. Those that a node had in hand when it was killed
// may wait for their lease to end, unless all is set. At most repeats were
// received and not recorded: what was under way at a kill, or in hand when the
// ledger went away.
func (r *receiver) verifyDeliveries(s *site, kills, repeats int, all bool) {
	s.t.Helper()
	mayWait := kills * inFlight
	if all {
		mayWait = 0
	}
	owed := r.rested(s, mayWait)
	receipts := r.receipts()
	r.mu.Lock()
	defer r.mu.Unlock()
	spoken := map[string]string{}
	attempts, received := 0, 0
	lost := map[string]bool{}
	conversions := list[conversionNote](s, "conversions")
	for _, c := range conversions {
		lost[c.ID] = c.Touch.RecordMissing
	}
	for _, d := range owed {
		if other, twice := spoken[d.ConversionID]; twice {
			s.t.Errorf("deliveries %s and %s are owed for one conversion %s", other, d.ID, d.ConversionID)
		}
		spoken[d.ConversionID] = d.ID
		attempts += d.Attempts
		received += receipts[d.ID]
		parked := d.State == "parked" && lost[d.ConversionID] // it needs a value of the click
		if d.State != "waiting" && !parked && (d.State != "delivered" || !r.answered[d.ID]) {
			s.t.Errorf("delivery %+v was received %d times, answered: %t", d, receipts[d.ID], r.answered[d.ID])
		}
		delete(receipts, d.ID)
	}
	for _, c := range conversions {
		if spoken[c.ID] == "" {
			s.t.Errorf("conversion %s owes no postback", c.ID)
		}
	}
	for id, n := range receipts {
		s.t.Errorf("postback %s was received %d times and is not owed", id, n)
	}
	if extra := received - attempts; extra < 0 || extra > repeats {
		s.t.Errorf("%d postbacks were received in %d recorded attempts; at most %d more are explained", received, attempts, repeats)
	}
	for _, wrong := range r.wrong {
		s.t.Error(wrong)
	}
	s.t.Logf("%d postbacks owed, received %d times in %d recorded attempts", len(owed), received, attempts)
}

// rested gives the list of owed postbacks when at most so many of them wait and
// none is on its way any more.
func (r *receiver) rested(s *site, mayWait int) (owed []deliveryNote) {
	s.t.Helper()
	received := -1
	s.eventually("deliver what is owed", func() error {
		before := owed
		owed = list[deliveryNote](s, "deliveries")
		waiting := 0
		for _, d := range owed {
			if d.State == "waiting" {
				waiting++
			}
		}
		count := 0
		for _, n := range r.receipts() {
			count += n
		}
		still := count == received && slices.Equal(before, owed)
		received = count
		if !still || waiting > mayWait {
			return fmt.Errorf("%d of %d postbacks wait", waiting, len(owed))
		}
		return nil
	})
	return owed
}
