package click

import (
	"fmt"
	"strings"
	"time"

	"waybill/internal/record"
	"waybill/internal/txid"
)

// wire holds what the record says in other words than the click.
type wire struct {
	afterID       int64 // microseconds from the ID's time to the click's
	before, after string
	location      string
}

// fields lists the record's fields, for both directions.
func (c *Click) fields(f *record.Fields, w *wire) {
	f.Int(1, &w.afterID)
	f.Int(2, &c.OfferID)
	f.Int(3, &c.AffiliateID)
	f.String(4, &c.LinkCode)
	f.String(5, &c.AffClickID)
	f.String(6, &c.Source)
	f.Addr(7, &c.IP)
	f.String(8, &c.UserAgent)
	f.String(9, &c.Referrer)
	f.String(10, &c.Visitor.Country)
	f.String(11, (*string)(&c.Visitor.Device))
	f.String(12, &c.Visitor.OS)
	f.String(13, &c.Visitor.Browser)
	f.String(14, &w.before)
	f.String(15, &w.after)
	f.String(16, &w.location)
	f.String(17, &c.Visitor.OSVersion)
	f.Bool(18, &c.Visitor.Bot)
	f.String(19, (*string)(&c.TurnedAway))
	f.Strings(20, &c.Marks)
	f.Bool(21, &c.Test)
	f.String(22, &c.Coupon)
	f.String(23, &c.GAID)
	f.String(24, &c.IDFA)
	f.String(25, &c.IDFV)
	f.Fixed(26, &c.VisitorHash)
	f.String(27, &c.CustomerID)
	f.String(28, &c.Email)
	f.String(29, &c.Username)
	for i := range c.Sub {
		f.String(record.Number(31+i), &c.Sub[i])
	}
	for i := range c.AdIDs {
		f.String(record.Number(41+i), &c.AdIDs[i])
	}
}

// Append appends the click's record to dst. It allocates nothing if dst has
// room.
func (c *Click) Append(dst []byte) []byte {
	w := wire{afterID: c.At.UnixMicro() - c.ID.Time().UnixMicro()}
	w.split(c.ID, c.Location)
	f := record.To(dst)
	c.fields(&f, &w)
	return f.Written()
}

// Read reads the record of the click id. It keeps no part of b. Times come back
// to the microsecond, and addresses without a zone.
func Read(id txid.ID, b []byte) (Click, error) {
	c, w := Click{ID: id}, wire{}
	f := record.From(b)
	for f.Next() {
		c.fields(&f, &w)
	}
	if err := f.Err(); err != nil {
		return Click{}, fmt.Errorf("read click %s: %w", id, err)
	}
	c.At = time.UnixMicro(id.Time().UnixMicro() + w.afterID).UTC()
	c.Location = w.join(id)
	return c, nil
}

// split takes the click's own ID out of its location: it is the record's key
// already, and 32 letters that no compression makes shorter.
func (w *wire) split(id txid.ID, location string) {
	var buf [32]byte
	own, _ := id.AppendText(buf[:0])
	before, after, found := strings.Cut(location, string(own))
	if !found || before == "" {
		w.location = location
		return
	}
	w.before, w.after = before, after
}

func (w *wire) join(id txid.ID) string {
	if w.before == "" {
		return w.location
	}
	return w.before + id.String() + w.after
}
