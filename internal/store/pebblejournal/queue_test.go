package pebblejournal

import "testing"

// TestTakePassesOverThoseWhoLeft checks that callers who have gone neither use
// up what a commit may take nor hide those behind them.
func TestTakePassesOverThoseWhoLeft(t *testing.T) {
	var p pool
	tests := []struct {
		name    string
		entries string // w: waits, l: left
		most    int
		bytes   int
		want    int
		rest    int
	}{
		{name: "nothing waits", entries: "", most: 10, bytes: 1000, want: 0},
		{name: "all who wait", entries: "www", most: 10, bytes: 1000, want: 3},
		{name: "so many", entries: "www", most: 2, bytes: 1000, want: 2, rest: 1},
		{name: "so many bytes, and what passes them", entries: "wwww", most: 10, bytes: 150, want: 2, rest: 2},
		{name: "at least one", entries: "www", most: 10, bytes: 1, want: 1, rest: 2},
		{name: "not those who left", entries: "lwlw", most: 10, bytes: 1000, want: 2},
		{name: "the last, behind many who left", entries: "lllllw", most: 2, bytes: 150, want: 1},
		{name: "all have left", entries: "lll", most: 2, bytes: 150, want: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := newQueue()
			for _, c := range tt.entries {
				e := p.get()
				e.buf = make([]byte, 100)
				if c == 'l' {
					e.state.Store(dropped)
				}
				if !q.push(e) {
					t.Fatal("push() finds no room")
				}
			}
			got := q.take(nil, tt.most, tt.bytes, &p)
			if len(got) != tt.want || q.len() != tt.rest || q.bytes != 100*tt.rest {
				t.Errorf("take() = %d, leaving %d of %d bytes; want %d, leaving %d", len(got), q.len(), q.bytes, tt.want, tt.rest)
			}
			for _, e := range got {
				if e.state.Load() != taken {
					t.Errorf("state = %d, want taken", e.state.Load())
				}
			}
		})
	}
}
