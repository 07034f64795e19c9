package edge_test

import (
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// TestClickRecordsTheVisitorsHash holds the hash to the address and the agent
// that are recorded, under the salt of the day of the click's ID: another node
// of the installation, or one that has started anew, gives the same visitor the
// same.
func TestClickRecordsTheVisitorsHash(t *testing.T) {
	visit := func(w *world, fields ...string) click.Click {
		t.Helper()
		w.get(toMain, fields...)
		all := w.clicks()
		c := all[len(all)-1]
		want := new(visitor.Hasher).Hash(w.catalog.Ring(), c.ID.Time(), c.IP, c.UserAgent)
		if c.VisitorHash != want || want == 0 {
			t.Errorf("the record's visitor hash is %#x, want %#x", c.VisitorHash, want)
		}
		return c
	}
	w := newWorld(t, nil)
	first, again := visit(w), visit(w)
	later := visit(newWorld(t, nil))
	stranger := visit(w, "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0")
	foreign := visit(newWorld(t, func(s *catalog.Source) { s.Ring = []txid.Key{{Number: 1, Secret: [32]byte{2}}} }))

	sameDay := first.ID.Time().YearDay() == later.ID.Time().YearDay()
	if sameDay && (again.VisitorHash != first.VisitorHash || later.VisitorHash != first.VisitorHash) {
		t.Errorf("one visitor has the hashes %#x, %#x and on another node %#x; want one", first.VisitorHash, again.VisitorHash, later.VisitorHash)
	}
	if stranger.VisitorHash == first.VisitorHash {
		t.Errorf("a visitor with another agent has the hash %#x too", stranger.VisitorHash)
	}
	if foreign.VisitorHash == first.VisitorHash {
		t.Errorf("another installation gives the visitor the hash %#x too", foreign.VisitorHash)
	}
}
