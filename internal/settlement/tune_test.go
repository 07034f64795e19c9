package settlement_test

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/tune"
)

// TestTuneNumbersThatWereNotKnown holds that a signal with one of TUNE's numbers
// is judged by the list as it is then, and that its record stays as it was.
func TestTuneNumbersThatWereNotKnown(t *testing.T) {
	imported := []tune.Mapping{
		{Kind: tune.Offer, TuneID: "1001", WaybillID: 7},
		{Kind: tune.Offer, TuneID: "1002", WaybillID: 8},
		{Kind: tune.Goal, TuneID: "17", WaybillID: 71},
		{Kind: tune.Goal, TuneID: "18", WaybillID: 80},
		{Kind: tune.Affiliate, TuneID: "2002", WaybillID: 9},
	}
	tests := []struct {
		name, path, says string
		known            bool // whether the list has been imported by now
		code             signal.Code
		goal             string // of the conversion
		message          string
	}{
		{name: "an offer's number that still is not", path: "/aff_lsr", says: "offer_id=tune:1001", code: signal.Malformed, message: "offer_id 1001 is not among TUNE's numbers"},
		{name: "an offer's number", path: "/aff_lsr", says: "offer_id=tune:1001", known: true, code: signal.OK, goal: "default"},
		{name: "another offer's number", path: "/aff_lsr", says: "offer_id=tune:1002", known: true, code: signal.OfferMismatch},
		{name: "a goal's number that still is not", path: "/aff_goal", says: "goal=tune:17", code: signal.Malformed, message: "goal 17 is not among"},
		{name: "a goal's number", path: "/aff_goal", says: "goal=tune:17 amount=10", known: true, code: signal.OK, goal: "sale"},
		{name: "the number of another offer's goal", path: "/aff_goal", says: "goal=tune:18", known: true, code: signal.OfferMismatch},
		{name: "a goal's name", path: "/aff_goal", says: "goal=first_PING hit_id=1", code: signal.OK, goal: "ping"},
		{name: "an affiliate's number beside a click", path: "/aff_lsr", says: "affiliate_id=tune:1", code: signal.OK, goal: "default"},
		{name: "an affiliate's number that names nobody", path: "/aff_lsr", says: "transaction_id= affiliate_id=tune:1", known: true, code: signal.TransactionIDMissing},
		{name: "such a number at another door", path: "/postback", says: "offer_id=tune:1001", known: true, code: signal.Malformed, message: "is not a number"},
		{name: "a goal's name at another door", path: "/postback", says: "goal=first_PING hit_id=1", code: signal.GoalUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				s.Goals[2].Name = "First_Ping"
				s.Settings.TuneIDs = tune.Refuse
				if tt.known {
					s.IDMap = imported
				}
			})
			s := w.signal("postback " + tt.says)
			s.Path = tt.path
			before := slices.Clone(s.Params)
			v := w.settle(s)
			if v.Code != tt.code || !strings.Contains(v.Message, tt.message) {
				t.Errorf("verdict %s, %q; want %s, %q", v.Code, v.Message, tt.code, tt.message)
			}
			if tt.goal != "" && (len(w.conversions) != 1 || w.conversions[0].GoalCode != tt.goal) {
				t.Errorf("conversions %+v, want one of goal %s", w.conversions, tt.goal)
			}
			if !slices.Equal(s.Params, before) {
				t.Errorf("the record says %v by now, it said %v (%s)", s.Params, before, param.Goal)
			}
		})
	}
}
