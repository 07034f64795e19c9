package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/click"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
)

// realFinds finds IDs in the ledger, and in a journal of tests.
type realFinds struct {
	*sqlledger.DB
	journal records
	others  []uint16
}

func (f realFinds) OtherNodes(context.Context) ([]uint16, error) { return f.others, nil }

func (f realFinds) Minted(_ context.Context, k txid.Kind, from, to time.Time, each func(txid.ID) bool) error {
	for id := range f.journal {
		if id.Kind() == k && !id.Time().Before(from) && id.Time().Before(to) && !each(id) {
			return nil
		}
	}
	return nil
}

// sendAs sends a request of somebody who is let in already.
func (w *world) sendAs(who account.Principal, method, path, body string) reply {
	mux := http.NewServeMux()
	w.register(mux)
	r := httptest.NewRequest(method, "/api/v1/"+w.fill(path), strings.NewReader(w.fill(body)))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	x := &exchange{ResponseWriter: rec, api: w.API, r: r, id: "test", who: who}
	mux.ServeHTTP(x, r)
	return reply{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
}

// The users of these tests.
func userOfNetwork(id int64, g account.Grade) account.Principal {
	return account.Principal{UserID: id, Role: account.Network, Grade: g}
}

// clickOf is a click with nothing but whose it is.
func clickOf(id txid.ID, offerID, affiliateID int64) *click.Click {
	return &click.Click{ID: id, At: id.Time(), OfferID: offerID, AffiliateID: affiliateID}
}
