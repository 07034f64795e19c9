package sqlledger

import (
	"slices"
	"strings"
	"testing"

	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// TestCheckFinds breaks each thing that must always hold, and has it found.
func TestCheckFinds(t *testing.T) {
	const copied = `INSERT INTO entry (` + entryColumns + `) SELECT `
	const earlier = `INSERT INTO earlier_verdict (` + verdictColumns + `, number, replaced_at, actor, trusted) SELECT `
	const rejected = `signal_id, 'rejected', code, conversion_id, transaction_id, test, message, rule, offer_id, goal_id, channel, settled_at`
	tests := []struct {
		name   string
		spoil  string
		report string
	}{
		{"an entry alone", copied + `conversion_id, signal_id, 99, party, party_id, book, test, currency, 5, reason, at FROM entry WHERE line = 1`, "do not sum to zero"},
		{"money that moved", copied + `conversion_id, signal_id, line + 10, party, party_id, book, test, currency, amount, reason, at FROM entry`, "and should to"},
		{"real and test money", copied + `conversion_id, signal_id, line + 10, party, party_id, book, NOT test, currency, 0, reason, at FROM entry`, "real and test"},
		{"entries of no signal", copied + `conversion_id, 'x', line, party, party_id, book, test, currency, 0, reason, at FROM entry WHERE reason = 'conversion.created'`, "entries and no verdict"},
		{"entries of no conversion", copied + `'x', signal_id, line, party, party_id, book, test, currency, 0, reason, at FROM entry`, "has entries and does not exist"},
		{"an open verdict", `UPDATE verdict SET status = 'queued'`, "never finished"},
		{"a verdict without its conversion", `UPDATE verdict SET conversion_id = 'x'`, "names a conversion that does not exist"},
		{"an accepted nothing", `UPDATE verdict SET conversion_id = ''`, "names no conversion"},
		{"an earlier verdict alone", earlier + strings.Replace(rejected, "signal_id", "'x'", 1) + `, 1, 0, '', FALSE FROM verdict LIMIT 1`, "replaced and none is there"},
		{"an acceptance that was replaced", earlier + verdictColumns + `, 1, 0, '', FALSE FROM verdict`, "replaced that was no rejection"},
		{"a first verdict that is lost", earlier + rejected + `, 2, 0, '', FALSE FROM verdict`, "not numbered from 1"},
		{"candidates of no signal", `INSERT INTO considered (signal_id, transaction_id, candidates) VALUES ('x', '', '[]')`, "candidates and no verdict"},
		{"a conversion of no signal", `UPDATE verdict SET status = 'duplicate'`, "no signal was accepted"},
		{"no claim", `DELETE FROM claim`, "not counted under a claim"},
		{"an order of another goal", `UPDATE taken_order SET goal_id = 99`, "belongs to no conversion"},
		{"no order", `DELETE FROM taken_order`, "its order ID is not taken"},
		{"a superseded one that counts", `UPDATE conversion SET reason = 'superseded'`, "is superseded, and counts"},
		{"a delivery of no version", `UPDATE delivery SET sequence = 9`, "a version of it, that does not exist"},
		{"a delivery to nobody", `UPDATE delivery SET subscription_id = 99`, "subscription that does not exist"},
		{"an attempt too many", `INSERT INTO attempt (delivery_id, number, at, took, method, url, status, body, error, detail)
			SELECT id, 3, 0, 0, '', '', 0, '', '', '' FROM delivery`, "attempts that were not made"},
		{"a delivery in limbo", `UPDATE delivery SET state = 'lost'`, "no state that there is"},
		{"a delivery put off for ever", `UPDATE delivery SET claim_at = claim_at + 4000000000`, "may not be claimed"},
		{"a delivery that nobody tried", `UPDATE delivery SET state = 'delivered', done_at = 1`, "no attempt was made"},
		{"a delivery by a failure", `UPDATE delivery SET state = 'delivered', done_at = 1, attempts = 1;
			INSERT INTO attempt (delivery_id, number, at, took, method, url, status, body, error, detail)
			SELECT id, 1, 0, 0, '', '', 0, '', 'timeout', '' FROM delivery`, "its last attempt failed"},
		{"a delivery that is owed once more", `UPDATE delivery SET attempts = 1;
			INSERT INTO attempt (delivery_id, number, at, took, method, url, status, body, error, detail)
			SELECT id, 1, 0, 0, '', '', 200, '', '', '' FROM delivery`, "was delivered by its last attempt"},
		{"a job that did not count", `UPDATE delivery SET replay_job = 1;
			INSERT INTO replay_job (id, affiliate_id, advertiser_id, action, filter, actor, state, total, done, skipped, undone,
				created_at, finished_at, through_at, through_id)
			VALUES (1, 0, 0, 'replay', '{}', '', 'done', 1, 1, 0, 1, 1, 1, 0, '')`, "more deliveries than it says"},
		{"entries of no adjustment", copied + `'', 'adjustment:9', line, party, party_id, book, test, currency, 0, reason, at FROM entry WHERE reason = 'conversion.created'`, "is of no payout and no adjustment"},
		{"paid by nobody", `UPDATE conversion SET payout_id = 0 WHERE payout_id <> 0`, "is paid by no payout"},
		{"in a payout, and not paid", `UPDATE conversion SET payout_id = 1`, "is paid by no payout"},
		{"another affiliate's payout", `UPDATE payout SET affiliate_id = 2`, "a payout that does not cover it"},
		{"a payout of another time", `UPDATE payout SET until_at = 1`, "a payout that does not cover it"},
		{"a payout that is gone", `DELETE FROM payout`, "a payout that does not cover it"},
		{"clawed back twice", `INSERT INTO adjustment (` + adjustmentColumns + `)
			SELECT 9, party, party_id, kind, currency, -4500000, conversion_id, note, 0, created_at FROM adjustment WHERE kind = 'clawback'`, "more was clawed back"},
		{"settled by another's payout", `UPDATE adjustment SET currency = 'EUR' WHERE payout_id <> 0`, "a payout that is not its partner's"},
		{"an adjustment of another amount", `UPDATE adjustment SET amount = amount + 1 WHERE payout_id = 0`, "do not come to its amount"},
		{"an adjustment that booked nothing", `INSERT INTO adjustment (` + adjustmentColumns + `)
			SELECT 9, party, party_id, 'bonus', currency, 5, '', note, 0, created_at FROM adjustment WHERE kind = 'clawback'`, "do not come to its amount"},
		{"a payout of another amount", `UPDATE payout SET amount = amount + 1`, "does not come to what it pays"},
		{"a payout of more conversions", `UPDATE payout SET conversions = conversions + 1`, "does not come to what it pays"},
		{"an adjustment settled beside", `UPDATE adjustment SET payout_id = 1`, "do not come to the adjustments that it settles"},
		{"a payout that has ended, and not", `INSERT INTO payout_line (payout_id, conversion_id, version) SELECT id, 'c', 1 FROM payout`, "has conversions that it is still to pay"},
		{"a payout in limbo", `UPDATE payout SET status = 'lost'`, "is neither being booked nor booked"},
		{"a payout that ended at no time", `UPDATE payout SET booked_at = 0`, "is neither being booked nor booked"},
		{"an affiliate paid beside", copied + `conversion_id, signal_id, line + 10, party, party_id, 'paid', test, currency, amount, reason, at FROM entry WHERE party = 'affiliate' AND book = 'approved'`, "another sum than its payouts"},
		{"a counter too high", `UPDATE counter SET used = used + 1`, "counts 2, and the conversions say 1"},
		{"a counter over its cap", `UPDATE counter SET used = 11, raised_at = raised_at + 1`, "over its limit of 10"},
		{"no counter", `DELETE FROM counter`, "is not counted"},
	}
	onEach(t, func(t *testing.T, at newURL) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				db := open(t, at(t))
				spoiled(t, db)
				for _, text := range strings.Split(tt.spoil, ";\n") {
					if err := raw(t, db, text); err != nil {
						t.Fatal(err)
					}
				}
				if found := problems(t, db); !slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, tt.report) }) {
					t.Errorf("found %q, want one that says %q", found, tt.report)
				}
			})
		}
	})
}

// spoiled makes a ledger with a bit of everything, in which nothing is wrong yet.
func spoiled(t *testing.T, db *DB) {
	t.Helper()
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	create(t, db.Offers(), newOffer(a.ID))
	subscribe(t, db, 1)
	c := sale(20) // of offer 1
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		out := saleOutcome(c, 20)
		out.Owed[0].SubscriptionID = 1
		return out, nil
	}
	settle(t, db, c)
	bound := sale(21) // a customer is tied to a click, and no more
	bound.Refusal = &signal.Verdict{SignalID: bound.SignalID, Status: signal.Accepted, Code: signal.OK, OfferID: 1, Channel: signal.SDK}
	settle(t, db, bound)
	payOne(t, db)
	if found := problems(t, db); len(found) != 0 {
		t.Fatalf("before anything is spoiled: %q", found)
	}
}

func problems(t *testing.T, db *DB) []string {
	t.Helper()
	var found []string
	if err := db.Check(t.Context(), func(p Problem) { found = append(found, p.String()) }); err != nil {
		t.Fatal(err)
	}
	return found
}
