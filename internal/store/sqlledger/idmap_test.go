package sqlledger

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/tune"
	"waybill/internal/user"
)

func keepsIDMap(t *testing.T, db *DB) {
	put := func(all ...tune.Mapping) []tune.Outcome {
		t.Helper()
		got, err := db.PutIDMap(t.Context(), user.By{Actor: "key 1"}, all)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	offer := tune.Mapping{Kind: tune.Offer, TuneID: "1001", WaybillID: 5}
	goal := tune.Mapping{Kind: tune.Goal, TuneID: "1001", WaybillID: 50}
	page := tune.Mapping{Kind: tune.OfferURL, TuneID: "2", WaybillID: 5, URL: "https://shop.example/two"}
	before, err := db.CatalogVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := put(offer, goal, page), []tune.Outcome{tune.Added, tune.Added, tune.Added}; !cmp.Equal(got, want) {
		t.Errorf("first import: %v, want %v", got, want)
	}
	moved, gone := offer, goal
	moved.WaybillID, gone.WaybillID = 6, 0
	never := tune.Mapping{Kind: tune.Affiliate, TuneID: "9"}
	twice := moved
	twice.WaybillID = 7
	want := []tune.Outcome{tune.Replaced, tune.Removed, tune.Unchanged, tune.Unchanged, tune.Replaced}
	if got := put(moved, gone, page, never, twice); !cmp.Equal(got, want) {
		t.Errorf("second import: %v, want %v", got, want)
	}
	src, err := db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []tune.Mapping{twice, page}; !cmp.Equal(src.IDMap, want) || src.Version != before+2 {
		t.Errorf("version %d knows %v; want %d and %v", src.Version, src.IDMap, before+2, want)
	}

	list := func(of tune.Kind, after tune.Mapping, limit int) []tune.Mapping {
		t.Helper()
		all, err := db.IDMap(t.Context(), of, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := list("", tune.Mapping{}, 1); !cmp.Equal(got, []tune.Mapping{twice}) {
		t.Errorf("the first of all is %v, want %v", got, twice)
	}
	if got := list("", twice, 10); !cmp.Equal(got, []tune.Mapping{page}) {
		t.Errorf("behind it is %v, want %v", got, page)
	}
	if got := list(tune.OfferURL, tune.Mapping{}, 10); !cmp.Equal(got, []tune.Mapping{page}) {
		t.Errorf("the landing pages are %v, want %v", got, page)
	}
	if got := list(tune.Goal, tune.Mapping{}, 10); got != nil {
		t.Errorf("the goals are %v, want none", got)
	}

	var actor, was, is string
	err = db.read().must(t.Context(), "audit", []any{&actor, &was, &is},
		`SELECT actor, before_doc, after_doc FROM audit WHERE entity = 'id_map' ORDER BY id DESC LIMIT 1`)
	if err != nil || actor != "key 1" || !strings.Contains(was, `"waybill_id":5`) || !strings.Contains(is, `"waybill_id":7`) {
		t.Errorf("the audit has %q, %s → %s, %v", actor, was, is, err)
	}
}

func importsWhole(t *testing.T, db *DB) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.PutIDMap(ctx, user.By{Actor: "key 1"}, []tune.Mapping{{Kind: tune.Offer, TuneID: "1", WaybillID: 1}}); err == nil {
		t.Error("an import that was called off is taken")
	}
	got, err := db.IDMap(t.Context(), "", tune.Mapping{}, 10)
	if err != nil || len(got) != 0 {
		t.Errorf("afterwards there are %v, %v; want none", got, err)
	}
}
