package settle

import (
	"cmp"
	"context"
	"strconv"
	"sync"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// abreast is how many lanes are settled at once. The ledger commits those that
// wait together with one fsync, so one after another would be slower by that.
const abreast = 32

// lane is a row of signals that must be settled in order. Signals of different
// lanes have nothing in common that the order could matter to: neither the
// transaction, nor an order ID, a conversion, an offer's cap, nor an offer that
// credits by more than the transaction ID.
type lane []found

// lanes parts signals into lanes, each in the order of receipt.
func lanes(part []found, present *catalog.Catalog) []lane {
	of := make([]int, len(part)) // union-find over places in part
	holder := map[string]int{}
	root := func(i int) int {
		for of[i] != i {
			of[i] = of[of[i]]
			i = of[i]
		}
		return i
	}
	for i := range part {
		of[i] = i
		for _, subject := range subjects(&part[i], present) {
			if other, ok := holder[subject]; ok {
				of[root(i)] = root(other)
			}
			holder[subject] = i
		}
	}
	place := map[int]int{}
	var all []lane
	for i := range part {
		r := root(i)
		at, ok := place[r]
		if !ok {
			at = len(all)
			place[r], all = at, append(all, nil)
		}
		all[at] = append(all[at], part[i])
	}
	return all
}

// subjects names everything that a signal may change or depend on.
func subjects(f *found, present *catalog.Catalog) []string {
	if f.damage != nil {
		return nil
	}
	s := &f.signal
	var all []string
	if id := cmp.Or(s.Click.String(), s.Value(param.TransactionID)); id != "" {
		all = append(all, "transaction "+id)
	}
	offer := strconv.FormatInt(offerOf(s, present), 10)
	if order := s.Value(param.OrderID); order != "" {
		all = append(all, "order "+offer+" "+order)
	}
	if id := s.Value(param.ConversionID); id != "" {
		all = append(all, "conversion "+id)
	}
	if o, ok := present.Offer(offerOf(s, present)); ok && (len(o.Caps) > 0 || o.CreditsMore()) {
		all = append(all, "offer "+offer)
	}
	return all
}

// offerOf gives the offer that a signal is of.
func offerOf(s *signal.Signal, present *catalog.Catalog) int64 { return settlement.OfferOf(present, s) }

// sideBySide calls do for every lane, a bounded number at a time, and gives the
// first error. After one no further lane is begun.
func sideBySide(ctx context.Context, all []lane, do func(context.Context, lane) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	slots := make(chan struct{}, abreast)
	var wg sync.WaitGroup
	for _, l := range all {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, l); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// found is a signal as the sweep finds it in the journal.
type found struct {
	id      txid.ID
	signal  signal.Signal
	damage  error // why the record cannot be read
	settled bool
}
