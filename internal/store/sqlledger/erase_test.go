package sqlledger

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// TestWhatIsTakenOutIsOverwritten: a person's digest that was told is in no free
// part of the file either, where a copy of it would show it.
func TestWhatIsTakenOutIsOverwritten(t *testing.T) {
	const digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	path := sqliteURL(t)
	db, err := Open(t.Context(), path, Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	subscribe(t, db, 1)
	const owed = 300
	var all []delivery.Owed
	for n := range owed {
		all = append(all, delivery.Owed{
			ID: fmt.Sprint("d", n), SubscriptionID: 1, ConversionID: fmt.Sprint("c", n), Sequence: 1, Event: delivery.EventDestinationOpened,
			Values: map[string]string{"email_sha256": digest, "sub1": fmt.Sprint(n)}, State: delivery.Waiting, CreatedAt: clock, DueAt: clock,
		})
	}
	if err := db.Owe(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for told := 0; told < owed; {
		list := claim(t, db, clock, 50)
		for i := range list {
			a := delivery.Attempt{DeliveryID: list[i].ID, Number: 1, At: clock, Status: 200, URL: "https://x.example/"}
			if err := db.Record(t.Context(), delivery.Report{Attempt: a, After: list[i].After(a, nil, 0, 0.5)}); err != nil {
				t.Fatal(err)
			}
		}
		if told += len(list); len(list) == 0 {
			t.Fatalf("%d of %d were claimed", told, owed)
		}
	}
	if err := db.Close(); err != nil { // which brings the write-ahead log into the file
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(file, []byte(digest)); n != 0 || !bytes.Contains(file, []byte("https://x.example/")) {
		t.Errorf("the file of %d bytes holds the digest %d times after it was told", len(file), n)
	}
}
