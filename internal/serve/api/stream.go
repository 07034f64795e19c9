package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/report"
)

// sheet is an answer that is written row by row, however many there are: what
// is held in memory is one chunk of it.
type sheet struct {
	lineWriter
	format report.Format
	name   string // of the file, without its ending
}

// rowSource gives an answer's rows to line, and what is told behind the last.
type rowSource func(ctx context.Context, r report.Reader, line func(*report.Line) error) (ending, error)

// ending is what is told behind the last row.
type ending struct {
	members   []byte // of a JSON object, each with a comma behind it; may be none
	truncated bool   // a limit cut off rows
}

// What trailers tell: CSV has no other place for it.
const (
	rowsTrailer      = "Waybill-Rows"
	truncatedTrailer = "Waybill-Truncated"
)

// chunk is how much of an answer is gathered before it is sent.
const chunk = 64 << 10

// pause is how long a row waits for more before it is sent.
const pause = time.Second

// stream answers row by row. What goes wrong before the first chunk is sent is
// answered as a problem. Later the connection is cut, so that nobody takes a
// part for the whole.
func (p *reporter) stream(ctx context.Context, x *exchange, s sheet, rows rowSource) error {
	out := chunked{x: x, sent: time.Now(), head: s.head}
	err := p.ask(ctx, x, p.desk.Stream, func(ctx context.Context, r report.Reader) error {
		n, truncated, err := s.write(ctx, r, &out, rows)
		if err != nil {
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
		x.Header().Set(rowsTrailer, strconv.FormatInt(n, 10))
		x.Header().Set(truncatedTrailer, strconv.FormatBool(truncated))
		return nil
	})
	if err != nil && out.begun {
		x.broken, x.cause = true, fmt.Errorf("answer row by row: %w", err)
		if problemOf(err).Status == statusGone {
			x.status, x.cause = statusGone, nil
		}
		return nil
	}
	return err
}

// write writes the whole sheet, counts its rows, and says whether a limit cut
// others off.
func (s *sheet) write(ctx context.Context, r report.Reader, out *chunked, rows rowSource) (n int64, truncated bool, err error) {
	if s.format == report.CSV {
		out.buf = s.appendHead(out.buf)
	}
	end, err := rows(ctx, r, func(l *report.Line) error {
		n++
		if s.format == report.CSV {
			out.buf = s.appendRecord(out.buf, l)
		} else {
			out.buf = append(s.appendCells(out.buf, l.Cells, whole), '\n')
		}
		return out.row()
	})
	if err != nil || s.format == report.CSV {
		return n, end.truncated, err
	}
	out.buf = append(append(out.buf, '{'), end.members...)
	out.buf = strconv.AppendBool(append(out.buf, `"truncated":`...), end.truncated)
	out.buf = strconv.AppendInt(append(out.buf, `,"rows":`...), n, 10)
	out.buf = append(out.buf, '}', '\n')
	return n, end.truncated, nil
}

// head sets the header of the answer.
func (s *sheet) head(h http.Header) {
	media, ending := "text/csv; charset=utf-8; header=present", ".csv"
	if s.format == report.NDJSON {
		media, ending = "application/x-ndjson", ".ndjson"
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+s.name+ending+`"`)
	h.Set("Trailer", rowsTrailer+", "+truncatedTrailer)
}

// chunked gathers an answer and sends it in chunks, each of which the client has
// its time for.
type chunked struct {
	x     *exchange
	head  func(http.Header) // sets the header when the first chunk is sent
	buf   []byte
	begun bool
	sent  time.Time // when the last one was
}

// row sends what was gathered if it is much, or old.
func (c *chunked) row() error {
	if len(c.buf) < chunk && time.Since(c.sent) < pause {
		return nil
	}
	return c.flush()
}

func (c *chunked) flush() error {
	if !c.begun {
		c.begun = true
		c.head(c.x.Header())
	}
	for part := c.buf; len(part) > 0; {
		extend(c.x)
		n, err := c.x.Write(part[:min(len(part), chunk)])
		if err != nil {
			return errGone
		}
		part = part[n:]
	}
	c.buf, c.sent = c.buf[:0], time.Now()
	if err := http.NewResponseController(c.x).Flush(); err != nil {
		return errGone
	}
	return nil
}

// sendJSON sends an answer, whole or part by part, to a slow client too.
func (x *exchange) sendJSON(text []byte) {
	x.Header().Set("Content-Type", "application/json")
	for len(text) > 0 && !x.broken {
		extend(x)
		n, err := x.Write(text[:min(len(text), chunk)])
		if err != nil { // the client has left: there is nobody to tell
			x.broken = true
			return
		}
		text = text[n:]
	}
}

// patient lets a request's body come as slowly, and its answer as late, as the
// work may take. What the server allows is meant for small requests.
func patient(w http.ResponseWriter, work time.Duration) {
	until := time.Now().Add(work + stall)
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(until) // a writer without deadlines has none to extend
	_ = c.SetWriteDeadline(until)
}

// stall is how long a client may take to receive one part of an answer.
const stall = 30 * time.Second

// extend gives the client its time for the next part.
func extend(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stall)) // as above
}
