package sqlledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/delivery"
)

func findsIDs(t *testing.T, db *DB) {
	ctx := t.Context()
	for _, id := range []string{"abc0", "abc1", "abcz", "abd0", "abb9"} {
		d := delivery.Owed{ID: id, SubscriptionID: 1, ConversionID: id, Sequence: 1, State: delivery.Waiting, CreatedAt: clock, DueAt: clock}
		if err := db.Owe(ctx, []delivery.Owed{d}); err != nil {
			t.Fatal(err)
		}
	}
	found := func(from, to string, most int) (ids []string) {
		t.Helper()
		all, err := db.FindDeliveries(ctx, from, to, most)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			ids = append(ids, all[i].ID)
		}
		return ids
	}
	if got, want := found("abc", "abd", 10), []string{"abcz", "abc1", "abc0"}; !cmp.Equal(got, want) {
		t.Errorf("deliveries that begin with abc are %v, want %v", got, want)
	}
	if got, want := found("abc", "abd", 1), []string{"abcz"}; !cmp.Equal(got, want) {
		t.Errorf("the latest of them is %v, want %v", got, want)
	}
	i := newIDs(t)
	c := newCase(i, "t1")
	c.Judge = once(t, i, c)
	made := settle(t, db, c).ConversionID
	for _, tt := range []struct {
		from, to string
		want     int
	}{{made[:8], made[:8] + "~", 1}, {made, made + "0", 1}, {made[:8] + "~", "~", 0}, {"", made, 0}} {
		all, err := db.FindConversions(ctx, tt.from, tt.to, 10)
		if err != nil || len(all) != tt.want || tt.want == 1 && all[0].ID != made {
			t.Errorf("conversions from %s to %s are %v, %v; want %d", tt.from, tt.to, all, err, tt.want)
		}
	}
}
