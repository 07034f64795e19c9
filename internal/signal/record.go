package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"waybill/internal/param"
	"waybill/internal/record"
	"waybill/internal/txid"
)

// wire holds what the record says in other words than the signal.
type wire struct {
	afterID int64 // microseconds from the ID's time to the receipt
	index   int64
	version int64
	params  []Extra // names as words: the numbers of package param may move
	email   [sha256.Size]byte
}

// fields lists the record's fields, for both directions.
func (s *Signal) fields(f *record.Fields, w *wire) {
	f.Int(1, &w.afterID)
	f.String(2, (*string)(&s.Channel))
	f.String(3, &s.Method)
	f.String(4, &s.Path)
	f.String(5, &s.Raw)
	f.Addr(6, &s.IP)
	f.String(7, &s.UserAgent)
	f.String(8, &s.Referrer)
	f.String(9, (*string)(&s.Auth))
	f.String(10, &s.Malformed)
	f.Int(11, &w.index)
	f.Bool(12, &s.Test)
	f.Array(13, s.Click[:])
	for params := record.Items(f, 14, &w.params); params.Next(); {
		params.Item().fields(f)
	}
	for extra := record.Items(f, 15, &s.Extra); extra.Next(); {
		extra.Item().fields(f)
	}
	f.Strings(16, &s.Marks)
	f.Int(17, &w.version)
	f.Bool(18, &s.Binds)
	f.Array(19, w.email[:])
	f.Int(20, &s.PayoutID)
	f.Int(21, &s.SentBy)
}

func (e *Extra) fields(f *record.Fields) {
	f.String(1, &e.Name)
	f.String(2, &e.Value)
}

// bytesOf gives the bytes of a digest in hex; none of what is no digest.
func bytesOf(digest string) (b [sha256.Size]byte) {
	var text [2 * sha256.Size]byte
	if copy(text[:], digest) != len(digest) {
		return b
	}
	if _, err := hex.Decode(b[:], text[:]); err != nil {
		return [sha256.Size]byte{}
	}
	return b
}

// Append appends the signal's record to dst.
func (s *Signal) Append(dst []byte) []byte {
	w := wire{
		afterID: s.ReceivedAt.UnixMicro() - s.ID.Time().UnixMicro(),
		index:   int64(s.Index),
		version: int64(s.IfVersion),
		params:  make([]Extra, len(s.Params)),
	}
	for i, p := range s.Params {
		w.params[i] = Extra{p.Name.String(), p.Value}
	}
	w.email = bytesOf(s.EmailSHA256)
	f := record.To(dst)
	s.fields(&f, &w)
	return f.Written()
}

// Read reads the record of the signal id. It keeps no part of b. Times come
// back to the microsecond, and addresses without a zone. A parameter that this
// version does not know, written by a later one, is among the Extra.
func Read(id txid.ID, b []byte) (Signal, error) {
	s, w := Signal{ID: id}, wire{}
	f := record.From(b)
	for f.Next() {
		s.fields(&f, &w)
	}
	if err := f.Err(); err != nil {
		return Signal{}, fmt.Errorf("read signal %s: %w", id, err)
	}
	s.ReceivedAt = time.UnixMicro(id.Time().UnixMicro() + w.afterID).UTC()
	s.Index, s.IfVersion = int(w.index), int(w.version)
	if w.email != [sha256.Size]byte{} {
		s.EmailSHA256 = hex.EncodeToString(w.email[:])
	}
	for _, p := range w.params {
		if n, ok := param.Signal.Find(p.Name); ok && n.String() == p.Name {
			s.Params = append(s.Params, Param{n, p.Value})
		} else {
			s.Extra = append(s.Extra, p)
		}
	}
	return s, nil
}
