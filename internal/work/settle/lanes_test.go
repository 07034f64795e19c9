package settle

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// TestLanes: signals are settled side by side only where their order can matter
// to none of them.
func TestLanes(t *testing.T) {
	key, err := txid.NewKey(1, time.UnixMilli(0), bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	plain, capped := offer.Default(), offer.Default()
	plain.ID, plain.AdvertiserID = 1, 1
	capped.ID, capped.AdvertiserID = 2, 1
	capped.Caps = []offer.Cap{{Metric: "conversions", Period: "day", Limit: 5_000_000}}
	present, err := catalog.New(catalog.Source{
		Advertisers: []advertiser.Advertiser{{ID: 1}}, Offers: []offer.Offer{plain, capped}, Ring: []txid.Key{key},
	})
	if err != nil {
		t.Fatal(err)
	}
	mint := txid.NewMint(present.Ring(), 1, 0)
	clickOn := func(offerID int64) txid.ID {
		return mint.Begin(time.UnixMilli(1), txid.Subject{Kind: txid.Click, Offer: offerID, Affiliate: 1}).ID
	}
	a, b, c := clickOn(1), clickOn(1), clickOn(1)
	x, y := clickOn(2), clickOn(2)
	say := func(click txid.ID, params ...signal.Param) found {
		return found{signal: signal.Signal{Click: click, Params: params}}
	}
	order := func(id string) signal.Param { return signal.Param{Name: param.OrderID, Value: id} }
	conversion := func(id string) signal.Param { return signal.Param{Name: param.ConversionID, Value: id} }
	tests := []struct {
		name string
		part []found
		want [][]int
	}{
		{"parts different transactions", []found{say(a), say(b), say(c)}, [][]int{{0}, {1}, {2}}},
		{"keeps a transaction in order", []found{say(a), say(b), say(a)}, [][]int{{0, 2}, {1}}},
		{"keeps an order ID together", []found{say(a, order("7")), say(b, order("8")), say(c, order("7"))}, [][]int{{0, 2}, {1}}},
		{"joins what a later signal joins", []found{say(a, order("7")), say(b), say(b, order("7"))}, [][]int{{0, 1, 2}}},
		{"keeps a conversion together", []found{say(a, conversion("v")), say(b, conversion("v"))}, [][]int{{0, 1}}},
		{"keeps an offer with caps together", []found{say(x), say(a), say(y)}, [][]int{{0, 2}, {1}}},
		{"lets damaged records stand alone", []found{{damage: errors.New("torn")}, {damage: errors.New("torn")}}, [][]int{{0}, {1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.part {
				tt.part[i].id[0] = byte(i)
			}
			var got [][]int
			for _, l := range lanes(tt.part, present) {
				var places []int
				for _, f := range l {
					places = append(places, int(f.id[0]))
				}
				got = append(got, places)
			}
			if !slices.EqualFunc(got, tt.want, slices.Equal[[]int]) {
				t.Errorf("lanes %v, want %v", got, tt.want)
			}
		})
	}
}

// TestSideBySide: after an error nothing more is begun, and the error is told.
func TestSideBySide(t *testing.T) {
	broken := errors.New("broken")
	all := make([]lane, 10*abreast)
	for i := range all {
		all[i] = lane{{settled: i == 0}}
	}
	begun := make(chan struct{}, len(all))
	err := sideBySide(t.Context(), all, func(ctx context.Context, l lane) error {
		begun <- struct{}{}
		if l[0].settled {
			return broken
		}
		<-ctx.Done() // every other lane stands until the first has failed
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("sideBySide() = %v, want %v", err, broken)
	}
	if len(begun) > abreast+1 {
		t.Errorf("%d lanes were begun, at most %d should be", len(begun), abreast+1)
	}
	if err := sideBySide(t.Context(), all, func(context.Context, lane) error { return nil }); err != nil {
		t.Errorf("sideBySide() = %v, want nil", err)
	}
}
