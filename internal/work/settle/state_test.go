package settle

import (
	"testing"

	"waybill/internal/txid"
)

// TestStateForgets: what the sweep has passed costs no memory, however late the
// direct way ends.
func TestStateForgets(t *testing.T) {
	ids := make([]txid.ID, 4)
	for i := range ids {
		ids[i][6] = byte(i + 1) // the last of the milliseconds; the node is 0
	}
	s := newState()
	s.finish(ids[0])
	s.finish(ids[2])
	s.advance(0, ids[1].Tick()+1)
	if len(s.done) != 1 {
		t.Errorf("%d remembered, want the one above", len(s.done))
	}
	s.advance(0, ids[3].Tick()+1)
	s.finish(ids[3])
	if len(s.done) != 0 {
		t.Errorf("%d remembered, want none", len(s.done))
	}
	s.advance(0, 0)
	if s.low[0] != ids[3].Tick()+1 {
		t.Errorf("low fell to %d", s.low[0])
	}
}
