package sqlledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// damage writes what is no JSON into the frozen values of a delivery.
func damage(t testing.TB, db *DB, id string) {
	t.Helper()
	err := db.write(t.Context(), func(ctx context.Context, s session) error {
		_, err := s.exec(ctx, `UPDATE delivery SET frozen = $2 WHERE id = $1`, id, "{\"payout\":\"5.0\x01")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// buriesDamaged: a delivery whose values cannot be read is a dead letter that says
// why; what is due beside it, and behind it, goes on, however many there are.
func buriesDamaged(t *testing.T, db *DB) {
	i := newIDs(t)
	first := queue(t, db, i, 1, 3)
	behind := follow(t, db, i, first[0])
	other := queue(t, db, i, 2, 1)[0]
	damage(t, db, first[0].ID)
	now := clock.Add(time.Hour)
	same(t, "beside the damaged one", []string{first[1].ID, first[2].ID, other.ID}, idsOf(claim(t, db, now, 10)))
	same(t, "behind it", []string{behind.ID}, idsOf(claim(t, db, now, 10)))
	mustBeBuried(t, db, first[0].ID, 1)

	if err := db.Replay(t.Context(), first[0].ID, now); err != nil {
		t.Fatal(err)
	}
	same(t, "sent again", []string{}, idsOf(claim(t, db, now, 10)))
	mustBeBuried(t, db, first[0].ID, 2)

	many := queue(t, db, i, 3, 30)
	for _, d := range many[:29] {
		damage(t, db, d.ID)
	}
	same(t, "behind many of its queue", []string{many[29].ID}, idsOf(claim(t, db, now, 2)))
	checkClean(t, db)
}

// mustBeBuried reads a dead letter by itself, in the list and with its attempts.
func mustBeBuried(t testing.TB, db *DB, id string, attempts int) {
	t.Helper()
	d, err := db.Delivery(t.Context(), id)
	if err != nil || d.State != delivery.Dead || d.LastClass != delivery.ErrTemplate || d.Attempts != attempts || d.Values != nil {
		t.Errorf("the damaged one is %+v (%v), want it dead after %d attempts", d, err, attempts)
	}
	list, _, err := db.Deliveries(t.Context(), DeliveryFilter{Filter: delivery.Filter{State: delivery.Dead}})
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("the dead letters are %s (%v), want %s", fmt.Sprint(idsOf(list)), err, id)
	}
	all, err := db.Attempts(t.Context(), id)
	if err != nil || len(all) != attempts || !strings.HasPrefix(all[attempts-1].Detail, "its values cannot be read: ") {
		t.Errorf("its attempts are %+v (%v), want one that says that its values cannot be read", all, err)
	}
}
