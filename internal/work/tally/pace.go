package tally

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/txid"
)

// Progress is how far a rebuild has come.
type Progress struct {
	Rows int           // shipped so far, without those that were copied
	Done float64       // the share of all that is to be read, from 0 to 1, estimated
	Left time.Duration // estimated; 0 while unknown
}

// pace estimates how far a rebuild has come. Nobody has counted what there is to
// be read, so it goes by time: by that which the clicks that were read span, of
// all that they will, or the impressions if these are behind.
type pace struct {
	begun   time.Time
	until   time.Time
	rows    int
	sources []span
}

// span is the time that a source's records lie in.
type span struct {
	kind           txid.Kind
	name           string
	first, reached time.Time
}

// pace finds where the journal's sources begin.
func (r *reader) pace(ctx context.Context) (*pace, error) {
	p := &pace{begun: time.Now(), until: time.Now()}
	nodes, err := r.nodes(ctx)
	if err != nil {
		return nil, err
	}
	for _, node := range nodes {
		for _, k := range []txid.Kind{txid.Click, txid.Impression} {
			below, _ := r.Bound(node)
			err := r.Journal.Scan(ctx, k, node, 0, below, func(id txid.ID, _ []byte) error {
				p.sources = append(p.sources, span{kind: k, name: source(k, node), first: id.Time(), reached: id.Time()})
				return errFull
			})
			if err != nil && !errors.Is(err, errFull) {
				return nil, fmt.Errorf("find the first %s of node %d: %w", k, node, err)
			}
		}
	}
	return p, nil
}

// after gives the progress once a batch is stored.
func (p *pace) after(b *taken) Progress {
	p.rows += b.Len()
	if !b.more {
		return Progress{Rows: p.rows, Done: 1}
	}
	for _, moved := range b.Positions {
		for i := range p.sources {
			if s := &p.sources[i]; s.name == moved.Source && moved.Through.After(s.reached) {
				s.reached = earlier(moved.Through, p.until)
			}
		}
	}
	done := min(p.share(txid.Click), p.share(txid.Impression), 0.999) // there is more
	left := time.Duration(0)
	if done > 0 {
		left = time.Duration(float64(time.Since(p.begun)) * (1 - done) / done)
	}
	return Progress{Rows: p.rows, Done: done, Left: left}
}

// share gives how much of the time that records of a kind span has been read.
func (p *pace) share(k txid.Kind) float64 {
	var read, all time.Duration
	for i := range p.sources {
		if s := &p.sources[i]; s.kind == k {
			read += s.reached.Sub(s.first)
			all += p.until.Sub(s.first)
		}
	}
	if all <= 0 {
		return 1
	}
	return float64(read) / float64(all)
}
