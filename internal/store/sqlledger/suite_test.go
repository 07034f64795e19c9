package sqlledger

import "testing"

// TestSuite holds both engines to the same behaviour.
func TestSuite(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		suite(t, func(t *testing.T) *DB { return open(t, at(t)) })
	})
}

// suite is what every engine must do. open gives a new, empty ledger.
func suite(t *testing.T, open func(t *testing.T) *DB) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(t *testing.T, db *DB)
	}{
		{"a signal is settled once", settlesOnce},
		{"a refusal is stored", storesRefusal},
		{"an outcome is written whole or not at all", writesWhole},
		{"judge sees what the claim holds", showsState},
		{"an order ID belongs to one conversion", keepsOrders},
		{"caps are counted under their lock", countsCaps},
		{"a conversion changes version by version", changesConversion},
		{"a thousand signals on one claim make one conversion", countsOnce},
		{"pixel and postback of one order make one conversion", joinsChannels},
		{"a pixel without an order and a postback with one meet at the same instant", meetsAtOnce},
		{"a sale by coupon and one by click meet in their order", meetsInOrder},
		{"a server's word takes an order from a browser's", takesOrder},
		{"a signal judged again takes an order from a browser's", takesOrderAgain},
		{"a browser and servers claim an order at the same instant", takesOrderAtOnce},
		{"any order of the same signals ends the same, with crashes", endsTheSame},
		{"what a signal names is found by ID, order or transaction", findsTargets},
		{"a verdict keeps what its signal led to", keepsCandidates},
		{"text that cannot be kept is mended", mendsText},
		{"entries are append-only", refusesEntryChanges},
		{"balances are sums of entries", sumsBalances},
		{"verdicts are listed by filter and page", listsVerdicts},
		{"conversions are listed by filter and page", listsConversions},
		{"a rejected signal is judged again, and its old verdict kept", settlesAgain},
		{"a signal judged again counts once, whoever asks", settlesAgainOnce},
		{"a signal that was put aside is judged again", settlesAside},
		{"a signal rejected by the same code again leaves nothing behind", settlesAgainInVain},
		{"what a case would be judged by is what it is judged by", foresees},
		{"rejected signals are listed in the order of receipt", listsRejected},
		{"nodes know what is settled", tellsSettled},
		{"a trace shows everything of a transaction", traces},
		{"changes are followed as facts", followsChanges},
		{"attempts are followed as facts", followsAttempts},
		{"verdicts are read for signals", tellsVerdicts},
		{"conversions are added up at one moment", addsUpConversions},

		{"catalog entities come back as they were saved", keepsEntities},
		{"a change needs the version it was made from", refusesStale},
		{"an affiliate's links are listed alone", listsAnAffiliatesLinks},
		{"references and unique values are held", holdsReferences},
		{"an offer has the goal default", makesDefaultGoal},
		{"every change of the catalog is noted, without secrets", notesChanges},
		{"catalog lists go by page and parent", listsEntities},
		{"catalog lists are looked through by name and number", findsEntities},
		{"catalog lists have the newest first", listsTheNewestFirst},
		{"catalog lists are of one partner or offer", listsOfOne},
		{"postbacks from before are found by name, too", fillsNames},
		{"people are found by name, address and number", findsUsers},
		{"the source is the whole catalog", readsSource},
		{"what has changed is read alone, and makes the same source", readsChanges},
		{"keys are created and revoked", keepsKeys},
		{"how affiliates stand to offers is kept, and noted", keepsAccess},
		{"what stands to nothing is refused", refusesAccess},
		{"applications are listed by filter and page", listsAccess},
		{"rejected signals are grouped by cause", groupsCauses},
		{"TUNE's numbers are added, replaced and taken away", keepsIDMap},
		{"TUNE's numbers are imported whole or not at all", importsWhole},
		{"the installation has its keys from the start", furnishes},
		{"node numbers are handed out once", numbersNodes},
		{"a request with an idempotency key is answered once", answersOnce},
		{"what has grown old is deleted", tidies},
		{"conversions are read for a comparison", readsCompared},
		{"verdicts are read by click, and those that were rejected by time", readsVerdicts},
		{"reconciliations are kept with their rows, and deleted when they are old", keepsReconciliations},

		{"what is due is added up by affiliate and currency", addsUpDues},
		{"amounts beyond all reason are added up, too", addsUpAbsurd},
		{"a payout pays what it was asked for, whatever the clocks say", paysWhatItWasAskedFor},
		{"a payout pays what it covers, and settles adjustments", paysOut},
		{"payouts take turns, and what has one is left alone", claimsPayouts},
		{"of payouts asked for at once one is begun", paysOutOnce},
		{"a conversion that is paid, rejected and paid again at once is one of both", paysApart},
		{"a payout that has ended pays nothing", paysNothingLater},
		{"a payout that ends while it pays comes to what it has paid", endsApart},
		{"adjustments that outweigh what is left stay open", leavesOpen},
		{"payouts are listed, and only what is said of them changes", listsPayouts},
		{"adjustments are booked, listed and never more than was paid", adjusts},
		{"any order of decisions and payouts keeps the books", keepsTheBooks},

		{"reports are saved, shared and deleted", keepsSavedReports},
		{"shares are found by their token's hash, and end", keepsShares},
		{"what an owner is owed is told", tellsArrears},
		{"IDs are found by their beginnings", findsIDs},

		{"a delivery is claimed when it is due", claimsDue},
		{"a delivery whose values are damaged holds up no other", buriesDamaged},
		{"deliveries of a conversion keep their order", keepsSequence},
		{"a lease holds until it is over", leases},
		{"no subscription holds up another", sharesClaims},
		{"paused and parked deliveries wait", waitsWhileParked},
		{"an attempt is recorded once", recordsOnce},
		{"deliveries are listed and replayed", replays},
		{"concurrent claims never share a delivery", claimsApart},
		{"a claim takes of each subscription what it may", boundsClaims},
		{"each queue has its turn, however long the others are", takesTurns},
		{"the newest conversions go first, each in its own order", claimsNewest},
		{"what waits behind another is not met again and again", passesOver},
		{"a breaker that is open lets one through at its time", keepsBreakers},
		{"the request is kept, and digests are forgotten", recordsRequests},
		{"digests that nobody took are forgotten", forgetsDigests},
		{"attempts that have grown old are deleted a few at a time", tidiesInSteps},
		{"destinations are told with their queues", tellsDestinations},
		{"a subscription is disabled once", disables},
		{"many deliveries are sent again, in their turn", replaysMany},
		{"a replay is undone where nothing was sent", undoesReplays},
		{"a job goes step by step, and can be stopped", stepsThroughMany},
		{"what waits is withdrawn, one or many", withdraws},
		{"deliveries are picked by filter", picksDeliveries},
		{"a subscription's secrets stay out of the audit", hidesSecrets},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}
