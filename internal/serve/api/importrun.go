package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"

	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/signal"
)

const (
	linesAtOnce   = 512    // that are judged together
	linesAbreast  = 16     // side by side: imports leave room for what comes live
	progressEvery = 10_000 // lines
)

// importRun judges the lines of one file.
type importRun struct {
	*importer
	options importOptions
	lines   *importFile
	file    *os.File
	size    int64
	submit  func(ctx context.Context, h Hit) (signal.Verdict, error)
	out     chunked
	counts  importCounts
	told    int // up to how many lines progress was told
}

// all judges the file's lines, part by part.
func (r *importRun) all(ctx context.Context) error {
	r.submit = func(ctx context.Context, h Hit) (signal.Verdict, error) { return r.Signals.Submit(ctx, h), nil }
	if r.options.dry {
		r.submit = r.Rehearse()
	}
	if r.options.format == report.CSV {
		r.out.buf = append(r.out.buf, "line,status,code,conversion_id,transaction_id,request_id,message\r\n"...)
	}
	for more := true; more && r.counts.StoppedAt == 0; {
		part, err := r.read()
		if more = err == nil; err != nil && !errors.Is(err, io.EOF) {
			r.stop(r.lines.line+1, err)
		}
		if err := r.some(ctx, part); err != nil {
			return r.out.end(err)
		}
	}
	return r.out.end(r.finish())
}

// read gives the next part of the file, and io.EOF with the last.
func (r *importRun) read() ([]importLine, error) {
	part := make([]importLine, 0, linesAtOnce)
	for len(part) < linesAtOnce {
		l, err := r.lines.next()
		if err != nil {
			return part, err
		}
		r.lines.line = l.number
		if l.number >= r.options.fromLine {
			part = append(part, l)
		}
	}
	return part, nil
}

// stop notes where and why an import ends before its time.
func (r *importRun) stop(line int, err error) {
	if r.counts.StoppedAt != 0 && r.counts.StoppedAt <= line {
		return
	}
	r.counts.StoppedAt, r.counts.Because = line, problemOf(err).Detail
}

// some judges a part, and answers for its lines.
func (r *importRun) some(ctx context.Context, part []importLine) error {
	if ctx.Err() != nil {
		return errGone
	}
	all := r.judge(ctx, part)
	for n := range all {
		if all[n].failed != nil {
			r.stop(part[n].number, all[n].failed)
		}
		if all[n].Line == 0 { // it was not tried any more
			continue
		}
		if err := r.tell(&all[n].importOutcome, part[n].wrong != ""); err != nil {
			return err
		}
	}
	return r.progress()
}

// judgedLine is what became of a line, or why it could not be judged.
type judgedLine struct {
	importOutcome
	failed error
}

// judge judges a part's lines. Behind one that fails, no other of its lane is
// tried.
func (r *importRun) judge(ctx context.Context, part []importLine) []judgedLine {
	all := make([]judgedLine, len(part))
	judge := func(lane []int) {
		for _, n := range lane {
			if all[n].importOutcome, all[n].failed = r.one(ctx, part[n]); all[n].failed != nil {
				return
			}
		}
	}
	if !r.options.dry {
		abreast(linesAbreast, lanes(len(part), func(n int) []string { return r.subjectsOf(part[n].claim) }), judge)
		return all
	}
	whole := make([]int, len(part)) // each may count what those before it would have made
	for n := range whole {
		whole[n] = n
	}
	judge(whole)
	return all
}

// one judges one line.
func (r *importRun) one(ctx context.Context, l importLine) (importOutcome, error) {
	if l.wrong != "" {
		return importOutcome{Line: l.number, Verdict: signal.Verdict{
			Status: signal.Rejected, Code: signal.Malformed, Message: signal.Explain(signal.Malformed, signal.Detail{Why: l.wrong}),
		}}, nil
	}
	hit := r.hit(&caller{r.out.x})
	hit.Channel, hit.Index, hit.Parameters = signal.Import, l.number, l.claim
	v, err := r.submit(ctx, hit)
	if err == nil && v.Code == signal.Unavailable {
		err = fault.New(fault.Unavailable, "%s", v.Message)
	}
	if err != nil {
		return importOutcome{}, err
	}
	if r.options.dry {
		v.SignalID, v.ConversionID = "", r.known(v)
	}
	return importOutcome{Line: l.number, Verdict: v}, nil
}

// known gives the conversion that a dry run's verdict names, if it is there: one
// that would be made has no ID that anybody will see again.
func (*importRun) known(v signal.Verdict) string {
	if v.Status == signal.Accepted {
		return ""
	}
	return v.ConversionID
}

// tell counts an outcome, and answers for it where that is asked for.
func (r *importRun) tell(o *importOutcome, unreadable bool) error {
	r.counts.add(o.Status, unreadable)
	if r.options.onlyRejected && o.Status != signal.Rejected {
		return nil
	}
	if r.options.format == report.NDJSON {
		return r.out.line(o)
	}
	r.out.buf = strconv.AppendInt(r.out.buf, int64(o.Line), 10)
	for _, text := range [...]string{string(o.Status), string(o.Code), o.ConversionID, o.TransactionID, o.SignalID, o.Message} {
		r.out.buf = appendField(append(r.out.buf, ','), harmless(text))
	}
	r.out.buf = append(r.out.buf, '\r', '\n')
	return r.out.row()
}

func (c *importCounts) add(s signal.Status, unreadable bool) {
	c.Lines++
	switch {
	case unreadable:
		c.Unreadable++
	case s == signal.Accepted:
		c.Accepted++
	case s == signal.Updated:
		c.Updated++
	case s == signal.Duplicate:
		c.Duplicate++
	case s == signal.Queued:
		c.Queued++
	default:
		c.Rejected++
	}
}

// progress tells now and then how far the import is.
func (r *importRun) progress() error {
	if r.options.format != report.NDJSON || r.counts.Lines-r.told < progressEvery {
		return r.out.row()
	}
	r.told = r.counts.Lines
	p := importPosition{Lines: r.counts.Lines, Of: r.size}
	if at, err := r.file.Seek(0, io.SeekCurrent); err == nil {
		p.Bytes = at
	}
	return r.out.line(importProgress{p})
}

// What an import came to stands in trailers too: CSV has no other place for it.
const stoppedTrailer = "Waybill-Stopped-At"

func (r *importRun) head(h http.Header) {
	if r.options.format == report.NDJSON {
		ndjsonHead("import")(h)
		return
	}
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="import.csv"`)
	h.Set("Trailer", rowsTrailer+", "+stoppedTrailer)
}

// finish ends the answer.
func (r *importRun) finish() error {
	if r.options.format == report.NDJSON {
		return r.out.line(importSummary{r.counts})
	}
	if err := r.out.flush(); err != nil {
		return err
	}
	r.out.x.Header().Set(rowsTrailer, strconv.Itoa(r.counts.Lines))
	r.out.x.Header().Set(stoppedTrailer, strconv.Itoa(r.counts.StoppedAt))
	return nil
}
