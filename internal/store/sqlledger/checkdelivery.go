package sqlledger

import "time"

// deliveryRules are those that an owed postback is never lost by: it is
// delivered, dead, withdrawn, parked, or waits and may be claimed when its time
// has come.
//
//nolint:gochecknoglobals // a table that never changes
var deliveryRules = [...]rule{
	{subject: "delivery", text: "speaks of a conversion, or a version of it, that does not exist", find: `
		SELECT d.id FROM delivery d
		WHERE d.event NOT LIKE 'destination.%'
			AND NOT EXISTS (SELECT 1 FROM conversion c WHERE c.id = d.conversion_id AND c.version >= d.sequence)`},
	{subject: "delivery", text: "is owed to a subscription that does not exist", find: `
		SELECT d.id FROM delivery d
		WHERE NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = d.subscription_id)`},
	{subject: "delivery", text: "counts attempts that were not made", find: `
		SELECT a.delivery_id FROM attempt a JOIN delivery d ON d.id = a.delivery_id
		WHERE a.number > d.attempts`},
	{subject: "delivery", text: "is in no state that there is", find: `
		SELECT id FROM delivery WHERE state NOT IN ('waiting', 'delivered', 'dead', 'withdrawn', 'parked')`},
	{subject: "delivery", text: "waits, and may not be claimed when it is due", ahead: putOff + time.Minute, find: `
		SELECT id FROM delivery
		WHERE state = 'waiting' AND claim_at > $1 AND claim_at > due_at AND claim_at > leased_until`},
	{subject: "delivery", text: "is delivered, and no attempt was made", find: `
		SELECT id FROM delivery WHERE state = 'delivered' AND (attempts = 0 OR done_at = 0)`},
	{subject: "delivery", text: "is delivered, and its last attempt failed", find: `
		SELECT d.id FROM delivery d JOIN attempt a ON a.delivery_id = d.id AND a.number = d.attempts
		WHERE d.state = 'delivered' AND a.error <> ''`},
	{subject: "delivery", text: "was delivered by its last attempt, and is not", find: `
		SELECT d.id FROM delivery d JOIN attempt a ON a.delivery_id = d.id AND a.number = d.attempts
		WHERE d.state <> 'delivered' AND a.error = '' AND d.attempts > d.replayed`},
	{subject: "job", text: "has changed more deliveries than it says", find: `
		SELECT CAST(j.id AS TEXT) FROM replay_job j
		WHERE (SELECT COUNT(*) FROM delivery d WHERE d.replay_job = j.id AND d.replay_job <> 0) > j.done - j.undone`},
}
