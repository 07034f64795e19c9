package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/reconcile"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// compare compares a list, keeps what came out, and answers with it.
func (r *reconciler) compare(ctx context.Context, x *exchange, t task, list *reconcile.List) error {
	if list.Unsure != nil {
		return list.Unsure
	}
	if err := r.room(ctx, t); err != nil {
		return err
	}
	if err := r.findParty(&t, list); err != nil {
		return err
	}
	m, err := reconcile.New(list, t.params)
	if err != nil {
		return err
	}
	err = r.Comparable.ReconcileConversions(ctx, m.Scope(), func(c reconcile.Conversion) error {
		m.Add(c)
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.explain(ctx, m, t); err != nil {
		return err
	}
	kept, err := r.keep(ctx, t, list, m)
	if err != nil {
		return err
	}
	shown, err := showReconciliation(kept)
	if err != nil {
		return fmt.Errorf("read reconciliation %s: %w", kept.ID, err)
	}
	x.Header().Set("Location", prefix+"/reconciliations/"+kept.ID)
	return x.sendDocument(http.StatusCreated, shown)
}

// The bounds of what is looked up for one list, so that a list of nonsense does
// not keep a node busy.
const (
	mostClicksRead  = 200_000
	mostSignalsRead = 200_000
)

// explain hands in what is known about lines that no conversion fits.
func (r *reconciler) explain(ctx context.Context, m *reconcile.Match, t task) error {
	clicks, others := m.Unexplained()
	heard := map[txid.ID]bool{}
	party := t.party()
	err := r.Comparable.VerdictsOfClicks(ctx, clicks, func(v signal.Verdict) error {
		if !r.seesSignal(party, &v) {
			return nil
		}
		s := heardOf(v)
		heard[s.TransactionID] = true
		m.AddSignal(s)
		return nil
	})
	if err != nil {
		return err
	}
	read := 0
	for _, id := range clicks {
		if heard[id] || read == mostClicksRead {
			continue
		}
		read++
		_, err := r.Journal.Get(ctx, id)
		switch {
		case err == nil:
			m.AddClick(id)
		case fault.Of(err) != fault.NotFound:
			return err
		}
	}
	if !others {
		return nil
	}
	return r.explainRejected(ctx, m, m.Scope(), t)
}

// heardOf is a verdict as far as it explains a line.
func heardOf(v signal.Verdict) reconcile.Signal {
	s := reconcile.Signal{ConversionID: v.ConversionID, Status: v.Status, Code: v.Code, Message: v.Message, At: receivedAt(v)}
	if id, err := txid.Parse(v.SignalID); err == nil {
		s.ID = id
	}
	if id, err := txid.Parse(v.TransactionID); err == nil {
		s.TransactionID = id
	}
	return s
}

// party is with whose eyes what came in is looked through: those of the partner
// whose list it is.
func (t task) party() account.Principal {
	switch p := t.params.Party; {
	case p.AdvertiserID != 0:
		return account.Principal{Role: account.Advertiser, AdvertiserID: p.AdvertiserID}
	case p.AffiliateID != 0:
		return account.Principal{Role: account.Affiliate, AffiliateID: p.AffiliateID}
	default:
		return account.Principal{Role: account.Network}
	}
}

// explainRejected looks through the signals that were rejected for the orders
// and texts of lines that name no click of ours. What a signal said stands in its
// record alone.
func (r *reconciler) explainRejected(ctx context.Context, m *reconcile.Match, scope reconcile.Scope, t task) error {
	party := t.party()
	read := 0
	return r.Comparable.Rejections(ctx, scope.From, scope.Until, func(v signal.Verdict) error {
		nobodys := v.TransactionID == "" && v.OfferID == 0
		seen := nobodys && t.who.IsNetwork() || r.seesSignal(party, &v)
		if read == mostSignalsRead || !seen {
			return nil
		}
		read++
		s := heardOf(v)
		record, err := r.Journal.Get(ctx, s.ID)
		if fault.Of(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		g, err := signal.Read(s.ID, record)
		if err != nil {
			return err
		}
		s.OrderID, s.Text = g.Value(param.OrderID), g.Value(param.TransactionID)
		m.AddSignal(s)
		return nil
	})
}

// keep writes a comparison down: its rows in parts, then itself.
func (r *reconciler) keep(ctx context.Context, t task, list *reconcile.List, m *reconcile.Match) (reconcile.Record, error) {
	summary, err := m.Result()
	if err != nil {
		return reconcile.Record{}, err
	}
	now := r.now()
	record := reconcile.Record{
		ID: reconcile.NewID(now, strings.ToLower(rand.Text()[:8])), Owner: t.owner, CreatedAt: now.UTC(), Name: t.name,
	}
	p, err := newPacker(r.Reconciliations, record.ID)
	if err != nil {
		return record, err
	}
	kept, err := p.pack(ctx, m)
	if err != nil {
		return record, err
	}
	if record.Parameters, err = json.Marshal(t.said); err != nil {
		return record, err
	}
	if record.Summary, err = write(comparison{Summary: summary, List: showList(list), RowsKept: kept}); err != nil {
		return record, err
	}
	return record, r.Reconciliations.SaveReconciliation(ctx, record)
}
