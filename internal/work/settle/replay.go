package settle

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Verdicts is the ledger, as judging again needs it.
type Verdicts interface {
	Verdict(ctx context.Context, signalID string) (signal.Verdict, error)
	// SettleAgain judges a signal again, unless it counts by now.
	SettleAgain(ctx context.Context, c settlement.Case, r signal.Replay) (signal.Verdict, error)
	// Foresee gives the state that a case would be judged in now.
	Foresee(ctx context.Context, c settlement.Case) (settlement.State, error)
}

// Replayer judges signals again that were rejected, or put aside, after what was in
// their way was mended, and tries out signals that are written down nowhere.
//
// A signal is judged as when it first came: windows, addresses and the periods of
// caps as of its receipt, terms and statuses as of now. Only its transaction ID is
// read anew. What its sender proved was taken out of the record before it was
// written, so one that was not believed is not believed now either, unless whoever
// asks vouches for it.
type Replayer struct {
	Settler *Settler
	Ledger  Verdicts
}

// replay is one run.
type replay struct {
	*Replayer
	signal.Replay
	seen *rehearsal // of a dry run
}

// Begin begins a run. What it gives judges signals in the order of the list, as
// far as that matters, and may be called with one list after another. A dry run
// counts in what it has foreseen before. An error ends the run: of the list that
// it was met in some may have been judged, and may be judged again.
func (r *Replayer) Begin(o signal.Replay) func(ctx context.Context, ids []txid.ID) ([]signal.Replayed, error) {
	return (&replay{Replayer: r, Replay: o, seen: newRehearsal(r.Ledger)}).judge
}

// judge judges a list. One that cannot be judged is skipped, and said why.
func (r *replay) judge(ctx context.Context, ids []txid.ID) ([]signal.Replayed, error) {
	all := make([]signal.Replayed, len(ids))
	part, place, err := r.readAll(ctx, ids, all)
	if err != nil {
		return nil, err
	}
	one := func(ctx context.Context, l lane) error {
		for i := range l {
			if err := r.one(ctx, l[i].signal, &all[place[l[i].id]]); err != nil {
				return err
			}
		}
		return nil
	}
	if r.DryRun { // one after another: each may count what those before it would have made
		return all, one(ctx, part)
	}
	return all, sideBySide(ctx, lanes(part, r.Settler.catalog()), one)
}

// readAll reads the signals of a list that may be judged again, and tells where
// each stands in it.
func (r *replay) readAll(ctx context.Context, ids []txid.ID, all []signal.Replayed) (part []found, place map[txid.ID]int, err error) {
	place = make(map[txid.ID]int, len(ids))
	for i, id := range ids {
		all[i].SignalID = id.String()
		if _, twice := place[id]; twice {
			all[i].Skipped = "it stands in the list twice"
			continue
		}
		sig, skipped, err := r.read(ctx, id, &all[i])
		if err != nil {
			return nil, nil, err
		}
		if all[i].Skipped = skipped; skipped == "" {
			place[id] = i
			part = append(part, found{id: id, signal: sig})
		}
	}
	return part, place, nil
}

// read gives a signal that may be judged again, or says why it may not.
func (r *replay) read(ctx context.Context, id txid.ID, out *signal.Replayed) (sig signal.Signal, skipped string, err error) {
	out.Before, err = r.Ledger.Verdict(ctx, id.String())
	out.After = out.Before
	switch {
	case fault.Of(err) == fault.NotFound:
		return sig, "it has no verdict yet", nil
	case err != nil:
		return sig, "", err
	case !out.Before.Replayable():
		return sig, "it is not rejected", nil
	}
	record, err := r.Settler.journal.Get(ctx, id)
	switch {
	case fault.Of(err) == fault.NotFound:
		return sig, "its record is not on this node, or not any more", nil
	case err != nil:
		return sig, "", err
	}
	if sig, err = signal.Read(id, record); err != nil {
		return sig, "its record cannot be read", nil //nolint:nilerr // it holds up no other
	}
	if sig.Binds && (sig.Auth != signal.OK || sig.Click.IsZero()) { // then the journal has no keys of it
		return sig, "it only ties a customer to a touch, and what was not believed when it came ties nothing; have it sent again", nil
	}
	return sig, "", nil
}

// one judges one signal again.
func (r *replay) one(ctx context.Context, sig signal.Signal, out *signal.Replayed) (err error) {
	defer func() {
		if p := recover(); p != nil { // a defect that one signal meets holds up no other
			err = nil
			out.Skipped = "judging it failed; the log tells why"
			r.Settler.log.LogAttrs(ctx, slog.LevelError, "replay failed",
				slog.String("signal", sig.ID.String()), slog.Any("error", fmt.Errorf("%v\n%s", p, debug.Stack())))
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline)
	defer cancel()
	began := time.Now()
	how := r.Replay
	readAnew(&sig, r.Settler.catalog())
	if how.Trust = how.Trust && canVouch(sig.Auth); how.Trust {
		sig.Auth = signal.OK
	}
	c, err := r.Settler.prepare(ctx, sig, r.Settler.now())
	if err != nil {
		return err
	}
	if how.DryRun {
		out.After, err = r.seen.settle(ctx, c)
		return err
	}
	v, err := r.Ledger.SettleAgain(ctx, c, how)
	switch {
	case held(err):
		out.Skipped = "somebody else holds what it needs; judge it again in a moment"
		return nil
	case err != nil:
		return err
	}
	out.After = v
	r.Settler.logSettled(ctx, &v, again, time.Since(began))
	return nil
}

// canVouch reports whether a sender that was turned down by code may be vouched
// for: it lacked a proof, and did not speak of what is another's.
func canVouch(code signal.Code) bool {
	switch code {
	case signal.TokenMissing, signal.TokenInvalid, signal.SignatureInvalid, signal.SignatureExpired, signal.IPNotAllowed:
		return true
	default:
		return false
	}
}

// readAnew reads the transaction ID of a signal in which none verified when it
// came: the key that it was sealed with may be known by now. Then, and where the
// offer was not known, nobody has looked at the sender yet. What is left of its
// credential is the address and the channel.
func readAnew(s *signal.Signal, present *catalog.Catalog) {
	anew := false
	if s.Click.IsZero() {
		id, err := txid.Parse(s.Value(param.TransactionID))
		if err != nil || id.Kind() != txid.Click && id.Kind() != txid.Impression {
			return
		}
		if _, err := present.Ring().Open(id); err != nil {
			return
		}
		s.Click, anew = id, true
	}
	if !anew && s.Auth != signal.OfferUnknown {
		return
	}
	o, ok := present.Offer(offerOf(s, present))
	if !ok || s.Channel == signal.API || s.Channel == signal.Import { // whose key it was is not on record
		s.Auth = signal.OfferUnknown
		return
	}
	s.Auth = o.Advertiser.Check(advertiser.Credential{Channel: s.Channel, Addr: s.IP}, s.ReceivedAt)
}

// Rehearse begins a dry run of signals that are written down nowhere. What it
// gives tells what a signal would come to, if those before it had been settled.
func (r *Replayer) Rehearse() func(ctx context.Context, sig signal.Signal) (signal.Verdict, error) {
	seen := newRehearsal(r.Ledger)
	return func(ctx context.Context, sig signal.Signal) (signal.Verdict, error) {
		sig.ReceivedAt = sig.ReceivedAt.Truncate(time.Microsecond)
		c, err := r.Settler.prepare(ctx, sig, r.Settler.now())
		if err != nil {
			return signal.Verdict{}, err
		}
		return seen.settle(ctx, c)
	}
}
