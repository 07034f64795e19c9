package deliver

import (
	"net/http"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// TestWhatIsDueGoesByTheClock has a worker send what was due years ago, on a clock
// that stands there.
func TestWhatIsDueGoesByTheClock(t *testing.T) {
	t.Parallel()
	clock := time.Date(2019, 5, 4, 12, 0, 0, 0, time.UTC)
	due := func(id string, after time.Duration) delivery.Owed {
		o := owed(id)
		o.CreatedAt, o.DueAt = clock, clock.Add(after)
		return o
	}
	b := newBook(due("now", 0), due("refused", 0), due("later", time.Hour))
	w := New(b, subscriptions(t, "https://tracker.example/postback?id={delivery_id}"),
		Settings{Now: func() time.Time { return clock }}, quiet())
	asked := map[string]int{}
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		id := r.URL.Query().Get("id")
		if asked[id]++; id == "refused" && asked[id] == 1 {
			return answer(http.StatusInternalServerError)
		}
		return answer(http.StatusOK)
	})
	send := func(want map[string]delivery.State) {
		t.Helper()
		if err := w.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, state := range want {
			if got := b.get(id).State; got != state {
				t.Errorf("at %s postback %s is %s, want %s", clock, id, got, state)
			}
		}
	}
	send(map[string]delivery.State{"now": delivery.Delivered, "refused": delivery.Waiting, "later": delivery.Waiting})
	for _, a := range b.recorded() {
		if !a.At.Equal(clock) || a.Took < 0 || a.Took > time.Minute {
			t.Errorf("an attempt at %s took %s, want it at %s", a.At, a.Took, clock)
		}
	}
	clock = clock.Add(time.Minute)
	send(map[string]delivery.State{"refused": delivery.Delivered, "later": delivery.Waiting})
	clock = clock.Add(time.Hour)
	send(map[string]delivery.State{"later": delivery.Delivered})
	if asked["now"] != 1 || asked["refused"] != 2 || asked["later"] != 1 {
		t.Errorf("sent %v, want refused twice and the others once", asked)
	}
}
