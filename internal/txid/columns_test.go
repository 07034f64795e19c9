package txid_test

import (
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/txid"
)

// TestColumnsMakeTheIDAgain holds for any 20 bytes, not only for sealed ones.
func TestColumnsMakeTheIDAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := txid.ID(rapid.SliceOfN(rapid.Byte(), len(txid.ID{}), len(txid.ID{})).Draw(t, "id"))
		if got := want.Columns().ID(); got != want {
			t.Errorf("%x.Columns().ID() = %x", want, got)
		}
	})
}

func TestColumnsSayWhatTheIDSays(t *testing.T) {
	id := txid.NewMint(oneRing(t), 0xABC, txid.Tick(noon.UnixMilli()<<14|0x1234)).Begin(noon, aClick).ID
	c := id.Columns()
	if c.Milli != noon.UnixMilli() || c.Node != 0xABC || c.Seq != 0x1235 || c.Head != id[0] {
		t.Errorf("%s.Columns() = %+v, want the time %d, node %d, sequence %d", id, c, noon.UnixMilli(), 0xABC, 0x1235)
	}
}

func TestColumnsDropBitsTheIDHasNoRoomFor(t *testing.T) {
	c := txid.Columns{Head: 0x24, Milli: -1, Node: 0xFFFF, Seq: 0xFFFF, Mask: 1<<64 - 1, Tag: 7}
	want := txid.Columns{Head: 0x24, Milli: 1<<48 - 1, Node: txid.MaxNode, Seq: txid.MaxSeq, Mask: 1<<46 - 1, Tag: 7}
	if got := c.ID().Columns(); got != want {
		t.Errorf("%+v comes back as %+v, want %+v", c, got, want)
	}
}
