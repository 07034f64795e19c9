package txid_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/txid"
)

var aClick = txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 42}

func TestBeginSaysTheSubject(t *testing.T) {
	ring := oneRing(t)
	tests := []struct {
		name    string
		node    uint16
		subject txid.Subject
		want    txid.Parts
	}{
		{
			name: "a click", node: 1, subject: aClick,
			want: txid.Parts{Kind: txid.Click, Node: 1, Offer: 7, Affiliate: 42},
		},
		{
			name: "a test impression turned away, from the last node", node: txid.MaxNode,
			subject: txid.Subject{Kind: txid.Impression, Test: true, TurnedAway: true, Offer: txid.MaxOffer, Affiliate: txid.MaxAffiliate},
			want:    txid.Parts{Kind: txid.Impression, Test: true, TurnedAway: true, Node: txid.MaxNode, Offer: txid.MaxOffer, Affiliate: txid.MaxAffiliate},
		},
		{
			name: "a node number beyond the last one begins again", node: txid.MaxNode + 16,
			subject: txid.Subject{Kind: txid.Signal},
			want:    txid.Parts{Kind: txid.Signal, Node: 15},
		},
		{
			name: "numbers without room are none", node: 16,
			subject: txid.Subject{Kind: txid.Click, Offer: txid.MaxOffer + 1, Affiliate: txid.MaxAffiliate + 1},
			want:    txid.Parts{Kind: txid.Click, Node: 16},
		},
		{
			name: "negative numbers are none", node: 16,
			subject: txid.Subject{Kind: txid.Click, Offer: -1, Affiliate: -1},
			want:    txid.Parts{Kind: txid.Click, Node: 16},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Time = noon
			got, err := ring.Open(txid.NewMint(ring, tt.node, 0).Begin(noon, tt.subject).ID)
			if err != nil || got != tt.want {
				t.Errorf("Begin() says %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestTicksRiseWhateverTheClockDoes(t *testing.T) {
	floor := txid.Tick(noon.UnixMilli()<<14 | 5)
	tests := []struct {
		name  string
		floor txid.Tick
		now   []time.Time
		want  []txid.Tick // above noon
	}{
		{name: "it runs", now: []time.Time{noon, noon.Add(time.Millisecond)}, want: []txid.Tick{0, 1 << 14}},
		{name: "it stands", now: []time.Time{noon, noon, noon}, want: []txid.Tick{0, 1, 2}},
		{name: "it moves within the millisecond", now: []time.Time{noon, noon.Add(999 * time.Microsecond)}, want: []txid.Tick{0, 1}},
		{name: "it steps back", now: []time.Time{noon, noon.Add(-time.Hour), noon.Add(-time.Hour)}, want: []txid.Tick{0, 1, 2}},
		{name: "it steps back and catches up", now: []time.Time{noon, noon.Add(-time.Hour), noon.Add(time.Millisecond)}, want: []txid.Tick{0, 1, 1 << 14}},
		{name: "it stands before the floor", floor: floor, now: []time.Time{noon.Add(-time.Hour)}, want: []txid.Tick{6}},
		{name: "it stands at the floor", floor: floor, now: []time.Time{noon, noon.Add(time.Millisecond)}, want: []txid.Tick{6, 1 << 14}},
		{name: "it stands before 1970", floor: floor, now: []time.Time{time.Unix(-1, 0), {}}, want: []txid.Tick{6, 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mint := txid.NewMint(oneRing(t), 1, tt.floor)
			if got := mint.Last(); got != tt.floor {
				t.Errorf("Last() = %d, want the floor, %d", got, tt.floor)
			}
			var got []txid.Tick
			for _, now := range tt.now {
				ticket := mint.Begin(now, aClick)
				got = append(got, ticket.ID.Tick()-txid.Tick(noon.UnixMilli()<<14))
				if ticket.ID.Tick() != mint.Last() {
					t.Errorf("Last() = %d, want %d", mint.Last(), ticket.ID.Tick())
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("ticks above noon %d, want %d", got, tt.want)
			}
		})
	}
}

// TestAFullMillisecondRunsIntoTheNext also leaves 16,385 tickets open at once.
func TestAFullMillisecondRunsIntoTheNext(t *testing.T) {
	ring := oneRing(t)
	mint := txid.NewMint(ring, 1, 0)
	var tickets []txid.Ticket
	for range txid.MaxSeq + 2 {
		tickets = append(tickets, mint.Begin(noon, aClick))
	}
	for i, ticket := range tickets[:txid.MaxSeq+1] {
		if int(ticket.ID.Seq()) != i || !ticket.ID.Time().Equal(noon) {
			t.Fatalf("ID %d has sequence %d at %s", i, ticket.ID.Seq(), ticket.ID.Time())
		}
	}
	over := tickets[txid.MaxSeq+1].ID
	if parts, err := ring.Open(over); err != nil || parts.Seq != 0 || !parts.Time.Equal(noon.Add(time.Millisecond)) {
		t.Errorf("ID 16,385 says %+v, %v; want sequence 0 of the next millisecond", parts, err)
	}
	for i, ticket := range tickets {
		if got := mint.Low(); got != ticket.ID.Tick() {
			t.Fatalf("Low() = %d with %d tickets done, want %d", got, i, ticket.ID.Tick())
		}
		ticket.Done()
	}
	if got, want := mint.Low(), over.Tick()+1; got != want {
		t.Errorf("Low() = %d with all done, want %d", got, want)
	}
}

func TestRotationReachesTheMint(t *testing.T) {
	first, second := newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2)
	ring := newRing(t, first, second)
	mint := txid.NewMint(newRing(t, first), 1, 0)

	if _, err := ring.Open(mint.Begin(noon.Add(2*time.Hour), aClick).ID); err == nil {
		t.Error("an ID sealed with the stale key after the rotation was not refused")
	}
	mint.SetRing(ring)
	if _, err := ring.Open(mint.Begin(noon.Add(2*time.Hour), aClick).ID); err != nil {
		t.Errorf("after SetRing: %v", err)
	}
}

// TestTheClampedTimeChoosesTheKey steps the clock back over a rotation: the ID
// bears a time after it, so it needs the new key.
func TestTheClampedTimeChoosesTheKey(t *testing.T) {
	ring := newRing(t, newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2))
	mint := txid.NewMint(ring, 1, 0)
	mint.Begin(noon.Add(time.Hour), aClick)
	parts, err := ring.Open(mint.Begin(noon, aClick).ID)
	if err != nil || !parts.Time.Equal(noon.Add(time.Hour)) {
		t.Errorf("after the step back: %+v, %v", parts, err)
	}
}

// TestMintAgainstAModel drives a mint through leaping clocks and tickets that
// are done in any order, and compares it with a plain list of what is open.
func TestMintAgainstAModel(t *testing.T) {
	ring := oneRing(t)
	rapid.Check(t, func(t *rapid.T) {
		floor := txid.Tick(rapid.Uint64Range(0, uint64(noon.UnixMilli()+10)<<14).Draw(t, "floor"))
		mint := txid.NewMint(ring, 9, floor)
		now, last := noon, floor
		var open []txid.Ticket
		t.Repeat(map[string]func(*rapid.T){
			"clock": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(-5000, 5000).Draw(t, "step")) * time.Microsecond)
			},
			"begin": func(t *rapid.T) {
				for range rapid.IntRange(1, 600).Draw(t, "tickets") {
					ticket := mint.Begin(now, aClick)
					if ticket.ID.Tick() <= last || ticket.ID.Node() != 9 {
						t.Fatalf("tick %d of node %d after tick %d", ticket.ID.Tick(), ticket.ID.Node(), last)
					}
					last = ticket.ID.Tick()
					open = append(open, ticket)
				}
			},
			"done": func(t *rapid.T) {
				if len(open) == 0 {
					t.Skip("none open")
				}
				for range rapid.IntRange(1, len(open)).Draw(t, "tickets") {
					i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
					open[i].Done()
					open = slices.Delete(open, i, i+1)
				}
			},
			"": func(t *rapid.T) {
				low := last + 1
				if len(open) > 0 {
					low = open[0].ID.Tick()
				}
				if got := mint.Low(); got != low || mint.Last() != last {
					t.Fatalf("Low() = %d, Last() = %d with %d open; want %d, %d", got, mint.Last(), len(open), low, last)
				}
			},
		})
	})
}

func TestTheZeroTicketIsDone(*testing.T) {
	txid.Ticket{}.Done()
}

// TestDoneTwiceHarmsNobody does one ticket again while younger ones are open,
// as many as have passed through its place by then.
func TestDoneTwiceHarmsNobody(t *testing.T) {
	mint := txid.NewMint(oneRing(t), 1, 0)
	first := mint.Begin(noon, aClick)
	first.Done()
	for range 5000 {
		younger := mint.Begin(noon, aClick)
		first.Done()
		if got, want := mint.Low(), younger.ID.Tick(); got != want {
			t.Fatalf("Low() = %d, want the open ticket, %d", got, want)
		}
		younger.Done()
	}
}

// TestASenselessClockLeavesRoom mints more IDs than a millisecond holds in the
// year 12000, which IDs have no room for.
func TestASenselessClockLeavesRoom(t *testing.T) {
	ring := oneRing(t)
	mint := txid.NewMint(ring, 1, 0)
	var last txid.Tick
	for range 2 * txid.MaxSeq {
		id := mint.Begin(time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), aClick).ID
		if id.Tick() <= last || id.TurnedAway() {
			t.Fatalf("tick %d, turned away %t, after tick %d", id.Tick(), id.TurnedAway(), last)
		}
		last = id.Tick()
	}
}

// TestLowIsSafeFromManyGoroutines mints from several goroutines, finishes each
// ticket in another one than began it, and reads Low all the while: whatever
// was below it once may not appear later as an open ticket.
func TestLowIsSafeFromManyGoroutines(t *testing.T) {
	const minters, each = 4, 3000
	mint := txid.NewMint(oneRing(t), 1, 0)
	var low atomic.Uint64 // highest Low that anyone has read
	begun := make(chan txid.Ticket, 256)
	var minting, finishing sync.WaitGroup
	for range minters {
		minting.Go(func() {
			for range each {
				before := low.Load()
				ticket := mint.Begin(noon, aClick)
				if uint64(ticket.ID.Tick()) < before {
					t.Errorf("tick %d was minted below Low, %d", ticket.ID.Tick(), before)
				}
				begun <- ticket
			}
		})
		finishing.Go(func() {
			for ticket := range begun {
				read := mint.Low()
				if read > ticket.ID.Tick() {
					t.Errorf("Low() = %d while tick %d is open", read, ticket.ID.Tick())
				}
				seen := low.Load()
				for uint64(read) > seen && !low.CompareAndSwap(seen, uint64(read)) {
					seen = low.Load()
				}
				ticket.Done()
			}
		})
	}
	minting.Wait()
	close(begun)
	finishing.Wait()

	want := txid.Tick(noon.UnixMilli()<<14) + minters*each
	if got := mint.Low(); got != want || mint.Last() != want-1 {
		t.Errorf("at the end Low() = %d, Last() = %d; want %d, %d", got, mint.Last(), want, want-1)
	}
}
