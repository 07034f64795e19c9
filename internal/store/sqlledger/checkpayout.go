package sqlledger

import (
	"fmt"

	"waybill/internal/money"
)

// sumOf selects what a column of micro-units comes to. On the way there it does not
// leave 64 bits, as SUM may where some amounts are beyond all reason.
func sumOf(column string) string {
	return fmt.Sprintf("(SUM(%[1]s / %[2]d) * %[2]d + SUM(%[1]s %% %[2]d))", column, money.Unit)
}

// payoutRules are those that nobody is paid twice by, or something that nobody
// has booked.
//
//nolint:gochecknoglobals // a table that never changes
var payoutRules = [...]rule{
	{subject: "transaction", text: "is of no payout and no adjustment", find: `
		SELECT DISTINCT signal_id FROM entry
		WHERE conversion_id = '' AND signal_id NOT IN (
			SELECT 'payout:' || id FROM payout UNION ALL SELECT 'adjustment:' || id FROM adjustment)`},
	{subject: "conversion", text: "is paid by no payout, or in one and not paid", find: `
		SELECT id FROM conversion WHERE (status = 'paid') <> (payout_id <> 0)`},
	{subject: "conversion", text: "is in a payout that does not cover it", find: `
		SELECT c.id FROM conversion c LEFT JOIN payout p ON p.id = c.payout_id
		WHERE c.payout_id <> 0 AND (p.id IS NULL OR p.affiliate_id <> c.affiliate_id OR p.currency <> c.payout_currency
			OR c.occurred_at >= p.until_at OR c.test)`},
	{subject: "conversion", text: "more was clawed back than it has paid", find: `
		SELECT c.id FROM adjustment a JOIN conversion c ON c.id = a.conversion_id
		WHERE a.kind = 'clawback' AND a.conversion_id <> ''
		GROUP BY c.id, c.payout, c.payout_id HAVING -SUM(a.amount) > c.payout OR c.payout_id = 0`},
	{subject: "adjustment", text: "is settled by a payout that is not its partner's", find: `
		SELECT CAST(a.id AS TEXT) FROM adjustment a LEFT JOIN payout p ON p.id = a.payout_id
		WHERE a.payout_id <> 0 AND (p.id IS NULL OR a.party <> 'affiliate' OR p.affiliate_id <> a.party_id OR p.currency <> a.currency)`},
	{subject: "adjustment", text: "its entries do not come to its amount", find: `
		SELECT CAST(a.id AS TEXT) FROM adjustment a
		WHERE -a.amount <> COALESCE((
			SELECT SUM(e.amount) FROM entry e
			WHERE e.conversion_id = '' AND e.signal_id = 'adjustment:' || a.id AND e.party = a.party AND e.party_id = a.party_id
				AND e.book = 'approved' AND e.currency = a.currency AND NOT e.test), 0)`},
	{subject: "payout", text: "does not come to what it pays", find: `
		SELECT CAST(p.id AS TEXT) FROM payout p
			LEFT JOIN (SELECT payout_id, COUNT(*) AS n, ` + sumOf("payout") + ` AS units FROM conversion WHERE payout_id <> 0 GROUP BY payout_id) c ON c.payout_id = p.id
			LEFT JOIN (SELECT payout_id, COUNT(*) AS n, ` + sumOf("amount") + ` AS units FROM adjustment WHERE payout_id <> 0 GROUP BY payout_id) a ON a.payout_id = p.id
		WHERE p.status = 'booked' AND (p.amount <> COALESCE(c.units, 0) + COALESCE(a.units, 0)
			OR p.conversions <> COALESCE(c.n, 0) OR p.adjustments <> COALESCE(a.n, 0))
			OR p.status <> 'booked' AND a.n IS NOT NULL`},
	{subject: "payout", text: "its entries do not come to the adjustments that it settles", find: `
		SELECT CAST(p.id AS TEXT) FROM payout p
		WHERE -COALESCE((SELECT ` + sumOf("a.amount") + ` FROM adjustment a WHERE a.payout_id = p.id AND a.payout_id <> 0), 0) <> COALESCE((
			SELECT SUM(e.amount) FROM entry e
			WHERE e.conversion_id = '' AND e.signal_id = 'payout:' || p.id AND e.party = 'affiliate' AND e.party_id = p.affiliate_id
				AND e.book = 'paid' AND e.currency = p.currency AND NOT e.test), 0)`},
	{subject: "payout", text: "is not being booked, and has conversions that it is still to pay", find: `
		SELECT DISTINCT CAST(l.payout_id AS TEXT) FROM payout_line l LEFT JOIN payout p ON p.id = l.payout_id
		WHERE p.id IS NULL OR p.status <> 'booking'`},
	{subject: "payout", text: "is neither being booked nor booked", find: `
		SELECT CAST(id AS TEXT) FROM payout WHERE status <> 'booking' AND status <> 'booked' OR (status = 'booked') <> (booked_at <> 0)`},
	{subject: "affiliate", text: "has been paid another sum than its payouts come to", find: `
		SELECT CAST(x.affiliate AS TEXT) FROM (
			SELECT party_id AS affiliate, currency, amount FROM entry WHERE party = 'affiliate' AND book = 'paid'
			UNION ALL SELECT affiliate_id, currency, amount FROM payout WHERE status = 'booked'
			UNION ALL SELECT c.affiliate_id, c.payout_currency, c.payout FROM conversion c JOIN payout p ON p.id = c.payout_id
				WHERE c.payout_id <> 0 AND p.status = 'booking') x
		GROUP BY x.affiliate, x.currency HAVING ` + sumOf("x.amount") + ` <> 0`},
}
