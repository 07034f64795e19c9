package tally

import (
	"context"
	"log/slog"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

const (
	// every is how often tally looks for more when it keeps up.
	every = time.Second
	// behind is how old the newest that is stored may become. Up to then batches
	// are small, and tally rests calm times as long as it works: who waits for a
	// processor meanwhile is a visitor. Beyond, they are large and it rests as long
	// as it works.
	behind = 3 * every / 2
	calm   = 4
	// leastBackoff and mostBackoff bound how long it waits for what is away.
	leastBackoff = 100 * time.Millisecond
	mostBackoff  = 10 * time.Second
	// settling is how long after midnight the day before is put in order.
	settling = 10 * time.Minute
	// chores is how often tally looks whether a day is over.
	chores = time.Minute
)

// damaged reports whether a warehouse has to be replaced.
func damaged(err error) bool { return fault.Of(err) == fault.Damaged }

// shipping is the work on one warehouse.
type shipping struct {
	*Worker
	turn    *turn
	to      Warehouse
	reader  *reader // nil while it is not known how far the warehouse is
	ledger  trouble
	journal trouble
	store   trouble
}

// trouble is a part that fails: it is said once, and asked again after longer
// and longer waits.
type trouble struct {
	backoff time.Duration // 0 while there is none
	again   time.Time
}

// clear reports whether the part may be asked now.
func (t *trouble) clear() bool { return t.backoff == 0 || !time.Now().Before(t.again) }

// note takes down how it went and gives whether that is news.
func (t *trouble) note(err error) (news bool) {
	if err == nil {
		news = t.backoff > 0
		*t = trouble{}
		return news
	}
	news = t.backoff == 0
	t.backoff = min(max(2*t.backoff, leastBackoff), mostBackoff)
	t.again = time.Now().Add(t.backoff)
	return news
}

// ship ships batches until ctx is done, or gives why the warehouse is damaged.
func (w *Worker) ship(ctx context.Context, t *turn, to Warehouse) error {
	s := &shipping{Worker: w, turn: t, to: to}
	round := time.Now()
	for ctx.Err() == nil {
		begun := time.Now()
		more, err := s.step(ctx)
		if damaged(err) {
			return err
		}
		s.tell(ctx, &s.store, warehousePart, err)
		took := time.Since(begun)
		switch {
		case err != nil:
			pause(ctx, s.store.backoff)
		case more && s.late():
			pause(ctx, took) // half of the time is for others
		case more:
			pause(ctx, calm*took)
		default:
			pause(ctx, max(took, every-time.Since(round)))
		}
		if err != nil || !more {
			round = time.Now()
		}
	}
	return nil
}

// pause waits, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// tell notes how it went with a part, and says when that changes.
func (s *shipping) tell(ctx context.Context, t *trouble, part string, err error) {
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.metrics.failed(part)
	}
	switch news := t.note(err); {
	case news && err != nil:
		s.log.LogAttrs(ctx, slog.LevelWarn, "facts wait to be shipped", slog.String("part", part), slog.Any("error", err))
	case news:
		s.log.LogAttrs(ctx, slog.LevelInfo, "facts are shipped again", slog.String("part", part))
	}
}

// step ships one batch. It reports whether there is more to be shipped at once.
// An error is the warehouse's; afterwards only the warehouse knows how far it is.
func (s *shipping) step(ctx context.Context) (more bool, err error) {
	if s.reader == nil {
		if err := s.resume(ctx); err != nil {
			return false, err
		}
	}
	begun := time.Now()
	s.reader.limits = s.limits
	if !s.late() {
		s.reader.limits = s.limits.small()
	}
	b := s.take(ctx)
	if b.ahead != nil {
		return false, b.ahead
	}
	if len(b.Positions) == 0 {
		return false, nil
	}
	if err := s.to.Append(ctx, b.Batch); err != nil {
		s.reader = nil
		return false, err
	}
	s.reader.moved(&b.Batch)
	s.reached(s.turn, s.reader.through())
	s.metrics.shipped(&b.Batch, time.Since(begun))
	return b.more, nil
}

// late reports whether the warehouse has fallen behind.
func (s *shipping) late() bool {
	return s.reader == nil || time.Since(s.reader.through()) > behind
}

// resume learns how far the warehouse is.
func (s *shipping) resume(ctx context.Context) error {
	r, err := resume(ctx, s.sources, s.limits, s.to)
	if err != nil {
		return err
	}
	s.reader = r
	return nil
}

// resume gives a reader that goes on where a warehouse ends.
func resume(ctx context.Context, from Sources, most limits, to Warehouse) (*reader, error) {
	positions, err := to.Positions(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{Sources: from, limits: most, at: make(map[string]fact.Position, len(positions))}
	for _, p := range positions {
		r.at[p.Source] = p
	}
	return r, nil
}

// take reads the next batch from the parts that are there.
func (s *shipping) take(ctx context.Context) *taken {
	which := readable{journal: s.journal.clear(), ledger: s.ledger.clear()}
	b := s.reader.read(ctx, which)
	if which.journal {
		s.tell(ctx, &s.journal, journalPart, b.journal)
	}
	if which.ledger {
		s.tell(ctx, &s.ledger, ledgerPart, b.ledger)
	}
	if b.damaged > 0 {
		s.metrics.errors.WithLabelValues(recordPart).Add(float64(b.damaged))
		s.log.LogAttrs(ctx, slog.LevelError, "records of the journal are damaged: shipped with what their IDs tell",
			slog.Int("records", b.damaged), slog.Any("error", b.damage))
	}
	return b
}

// reached notes through when everything is stored.
func (w *Worker) reached(t *turn, through time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.present(t) {
		w.through = through
	}
}

// tend puts days in order once they are over, beside the shipping. It gives why
// the warehouse is damaged.
func (w *Worker) tend(ctx context.Context, to Warehouse) error {
	var done time.Time // the day up to which all is in order
	var t trouble
	for ctx.Err() == nil {
		if today := w.closed(time.Now()); today.After(done) && t.clear() {
			err := w.sort(ctx, to, today, &t)
			if damaged(err) {
				return err
			}
			if err == nil {
				done = today
			}
		}
		pause(ctx, chores)
	}
	return nil
}

// closed gives the midnight at which the last day ended of which all is stored,
// the zero time as long as that of yesterday is not.
func (w *Worker) closed(now time.Time) time.Time {
	today := now.UTC().Truncate(day)
	if now.Sub(today) < settling || w.State().Through.Before(today) {
		return time.Time{}
	}
	return today
}

// sort puts days in order. Of failures in a row the log has the first.
func (w *Worker) sort(ctx context.Context, to Warehouse, before time.Time, t *trouble) error {
	err := to.Sort(ctx, before)
	if ctx.Err() != nil {
		return err
	}
	news := t.note(err)
	if err != nil {
		w.metrics.failed(sortPart)
		if news {
			w.log.LogAttrs(ctx, slog.LevelWarn, "closed days could not be put in order", slog.Any("error", err))
		}
	}
	return err
}
