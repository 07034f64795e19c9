package edge

import (
	"reflect"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/macro"
	"waybill/internal/param"
	"waybill/internal/txid"
)

// TestVisitLeavesNothing holds the pool to keeping buffers alone: a visitor's
// values must not wait there for another.
func TestVisitLeavesNothing(t *testing.T) {
	v := &visit{
		click:   click.Click{AffClickID: "secret", Marks: []string{"sub1 cut"}},
		catalog: new(catalog.Catalog), offer: new(catalog.Offer), deep: "secret", location: "secret",
	}
	_ = v.values.ScanQuery(param.Click, "sub1=secret&url=secret")
	v.macros.Set(macro.Sub1, "secret")
	v.macros.SetTime(macro.Date, time.Now())

	new(Edge).leave(v)
	if len(v.click.Marks) != 0 || cap(v.click.Marks) != 1 {
		t.Errorf("%d marks are left in room for %d, want none in room for 1", len(v.click.Marks), cap(v.click.Marks))
	}
	v.click.Marks, v.values.Unknown = nil, nil // empty lists, of which the room is kept
	if !reflect.DeepEqual(v, new(visit)) {
		t.Errorf("a visit left %+v", v)
	}
}

// A defect between the minting of an ID and the writing of its record must not
// leave the ID open: nothing behind it would ever be settled.
func TestVisitThatBreaksOffLeavesNoTicketOpen(t *testing.T) {
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	mint := txid.NewMint(ring, 1, 0)
	e := &Edge{Mint: mint}
	func() {
		defer func() { _ = recover() }()
		v := e.visit(txid.Click)
		defer e.leave(v)
		v.now = time.Now()
		e.begin(v, true)
		v.depart() // without a catalog
		t.Error("nothing broke down")
	}()
	if low, last := mint.Low(), mint.Last(); last == 0 || low != last+1 {
		t.Errorf("Low() = %d, Last() = %d; want the ID minted and done", low, last)
	}
}
