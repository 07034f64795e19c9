package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"waybill/internal/fault"
	"waybill/internal/reconcile"
)

// The bounds of what is kept of one comparison.
const (
	rowsInPart  = 500
	partsAtOnce = 16       // in one write, so that it does not hold others up
	maxKept     = 32 << 20 // bytes, packed
)

// packer packs a comparison's rows into parts: JSON, one row a line, under zstd.
type packer struct {
	to      ReconciliationWriter
	id      string
	zstd    *zstd.Encoder
	waiting []reconcile.Part
	text    bytes.Buffer
	spent   int
}

func newPacker(to ReconciliationWriter, id string) (*packer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("pack rows: %w", err)
	}
	return &packer{to: to, id: id, zstd: z}, nil
}

// pack keeps as many rows as there is room for, what differs first, and gives
// how many of each class that are.
func (p *packer) pack(ctx context.Context, m *reconcile.Match) (map[string]int, error) {
	kept := map[string]int{}
	for _, c := range [...]reconcile.Class{
		reconcile.MissingHere, reconcile.MissingThere, reconcile.AmountDiffers, reconcile.StatusDiffers, reconcile.Duplicate, reconcile.Matched,
	} {
		n, err := p.class(ctx, m, c)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			kept[string(c)] = n
		}
	}
	return kept, p.send(ctx)
}

// class packs the rows of one class, and counts them.
func (p *packer) class(ctx context.Context, m *reconcile.Match, c reconcile.Class) (n int, err error) {
	err = m.Rows(c, func(r reconcile.Row) error {
		if p.spent >= maxKept {
			return nil
		}
		text, err := write(r)
		if err != nil {
			return fmt.Errorf("pack row: %w", err)
		}
		p.text.Write(text)
		p.text.WriteByte('\n')
		if n++; n%rowsInPart == 0 {
			return p.part(ctx, c, n/rowsInPart-1)
		}
		return nil
	})
	if err == nil && p.text.Len() > 0 {
		err = p.part(ctx, c, n/rowsInPart)
	}
	return n, err
}

func (p *packer) part(ctx context.Context, c reconcile.Class, number int) error {
	body := p.zstd.EncodeAll(p.text.Bytes(), nil)
	p.waiting = append(p.waiting, reconcile.Part{Class: c, Number: number, Body: body})
	p.spent += len(body)
	p.text.Reset()
	if len(p.waiting) < partsAtOnce {
		return nil
	}
	return p.send(ctx)
}

func (p *packer) send(ctx context.Context) error {
	if len(p.waiting) == 0 {
		return nil
	}
	err := p.to.AddReconciliationParts(ctx, p.id, p.waiting)
	p.waiting = nil
	return err
}

// rowReader reads a comparison's rows of one class.
type rowReader struct {
	from  Reconciliations
	id    string
	class reconcile.Class
	zstd  *zstd.Decoder
}

// maxPart bounds an unpacked part.
const maxPart = 64 << 20

func newRowReader(from Reconciliations, id string, c reconcile.Class) (*rowReader, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPart))
	if err != nil {
		return nil, fmt.Errorf("unpack rows: %w", err)
	}
	return &rowReader{from, id, c, z}, nil
}

// part gives the rows of one part, none behind the last.
func (r *rowReader) part(ctx context.Context, number int) ([]json.RawMessage, error) {
	body, err := r.from.ReconciliationPart(ctx, r.id, r.class, number)
	if fault.Of(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := r.zstd.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack rows of reconciliation %s: %w", r.id, err)
	}
	var rows []json.RawMessage
	for line := range bytes.Lines(text) {
		rows = append(rows, bytes.TrimSpace(line))
	}
	return rows, nil
}

// page gives up to limit rows from a place on, and the place behind them, -1
// when there are no more.
func (r *rowReader) page(ctx context.Context, at, limit int) (rows []json.RawMessage, next int, err error) {
	rows = []json.RawMessage{}
	for {
		part, err := r.part(ctx, at/rowsInPart)
		if err != nil {
			return nil, 0, err
		}
		skip := min(at%rowsInPart, len(part))
		for _, row := range part[skip:] {
			if len(rows) == limit {
				return rows, at, nil
			}
			rows = append(rows, row)
			at++
		}
		if len(part) < rowsInPart {
			return rows, -1, nil
		}
	}
}

// sheet writes rows as CSV, part by part.
func (r *rowReader) sheet(ctx context.Context, x *exchange) error {
	out := csv.NewWriter(x)
	for number := 0; ; number++ {
		rows, err := r.part(ctx, number)
		if err != nil {
			return err
		}
		if number == 0 { // from here on it is an answer, and no problem any more
			x.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
			x.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", string(r.class)+"-"+r.id+".csv"))
			if err := out.Write(reconcile.Header()); err != nil {
				return errGone
			}
		}
		extend(x)
		if err := r.records(out, rows); err != nil {
			return err
		}
		if out.Flush(); out.Error() != nil {
			return errGone
		}
		if len(rows) < rowsInPart {
			return nil
		}
	}
}

func (r *rowReader) records(out *csv.Writer, rows []json.RawMessage) error {
	for _, text := range rows {
		var row reconcile.Row
		if err := json.Unmarshal(text, &row); err != nil {
			return fmt.Errorf("read row of reconciliation %s: %w", r.id, err)
		}
		if err := out.Write(row.Cells()); err != nil {
			return errGone
		}
	}
	return nil
}
