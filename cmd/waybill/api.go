package main

import (
	"context"
	"net/http"
	"net/netip"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/serve/api"
	"waybill/internal/serve/edge"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/tune"
	"waybill/internal/txid"
	"waybill/internal/user"
	"waybill/internal/work/settle"
)

// api makes the REST API.
func (n *node) api(e *edge.Edge) http.Handler {
	l := apiLedger{n.ledger}
	a := &api.API{
		Catalog: n.Catalog, Now: n.now,
		Advertisers: tableOf(n.ledger.Advertisers()), Affiliates: tableOf(n.ledger.Affiliates()),
		Offers: tableOf(n.ledger.Offers()), Goals: tableOf(n.ledger.Goals()), Terms: tableOf(n.ledger.Terms()),
		Links: tableOf(n.ledger.Links()), Coupons: tableOf(n.ledger.Coupons()), Subscriptions: tableOf(n.ledger.Subscriptions()),
		Domains: tableOf(n.ledger.Domains()), Access: l, Causes: l, Certificates: n.certificateOf(),
		Keys: l, Settings: l, Answers: l, IDMap: l, Users: l, AuditLog: l, Version: version,
		Sessions: func(r *http.Request) (account.Principal, error) { return n.login.Caller(r) }, Invite: n.invite,
		SameOrigin: func(r *http.Request) error { return n.login.SameOrigin(r) },
		Journal:    n.journal, Conversions: l, Verdicts: l, Deliveries: l, Books: l, Trace: l,
		Payouts: l, Adjustments: l, PayOff: n.pay.Nudge,
		Queue: l, Standing: l, Jobs: l, JobRecords: l, Nudge: n.deliver.Nudge,
		Warehouse: n.warehouse, Counters: l, Comparable: l, Reconciliations: l,
		Signals: claims{e}, Tester: n.deliver, Replay: n.replay, Rehearse: n.rehearsals(e),
		TestClick: func(ctx context.Context, v api.TestVisit) (txid.ID, string, error) {
			return e.TestClick(ctx, edge.TestVisit(v))
		},
		SpoolDir: n.dir, Room: func() error { return n.warehouse.room(n.dir, 0) },
		Values: func(c conversion.Conversion, s delivery.Subscription) map[string]string {
			return settlement.Values(n.Catalog(), &c, &s)
		},
		SavedReports: l, Shares: l, Arrears: l, Finds: apiFinds{n.ledger, n.journal, n.minter.Node},
		Unsettled: n.settler.Unsettled, Stopping: n.stopping, ConsoleAt: n.consoleFor,
		PublicURL: n.publicURL, Refresh: n.refresh.Refresh,
		ClientIP: func(r *http.Request) netip.Addr { return e.Proxies.Client(r) },
		Log:      n.log, Retention: n.settings.Retention.Duration(),
	}
	return a.Handler()
}

// replay begins to judge rejected signals again, and lets what is owed then go
// out at once.
func (n *node) replay(o signal.Replay) func(context.Context, []txid.ID) ([]signal.Replayed, error) {
	judge := (&settle.Replayer{Settler: n.settler, Ledger: n.ledger}).Begin(o)
	return func(ctx context.Context, ids []txid.ID) ([]signal.Replayed, error) {
		all, err := judge(ctx, ids)
		if !o.DryRun {
			n.deliver.Nudge()
		}
		return all, err
	}
}

// claims takes claims made through the API to the edge, which writes them down
// like any other.
type claims struct{ edge *edge.Edge }

// Submit takes one claim.
func (c claims) Submit(ctx context.Context, h api.Hit) signal.Verdict {
	return c.edge.Submit(ctx, claimOf(&h))
}

// rehearsals begins dry runs of claims: what the edge would write down is judged,
// and nothing is kept of it.
func (n *node) rehearsals(e *edge.Edge) func() func(context.Context, api.Hit) (signal.Verdict, error) {
	return func() func(context.Context, api.Hit) (signal.Verdict, error) {
		tell := (&settle.Replayer{Settler: n.settler, Ledger: n.ledger}).Rehearse()
		return func(ctx context.Context, h api.Hit) (signal.Verdict, error) {
			return tell(ctx, e.Draft(claimOf(&h)))
		}
	}
}

// claimOf is a claim in the words of the edge.
func claimOf(h *api.Hit) edge.Claim {
	return edge.Claim{
		Channel: h.Channel, Test: h.By.Test, AdvertiserID: h.By.AdvertiserID, From: h.From, UserAgent: h.UserAgent,
		Method: h.Method, Path: h.Path, Parameters: h.Parameters, Index: h.Index, IfVersion: h.IfVersion,
	}
}

// tableOf gives a table of the ledger to the API.
func tableOf[K int64 | string, T any](t *sqlledger.Table[K, T]) apiTable[K, T] {
	return apiTable[K, T]{t}
}

// apiTable is a table of the ledger in the words of the API.
type apiTable[K int64 | string, T any] struct{ *sqlledger.Table[K, T] }

// Get is as the API wants it.
func (t apiTable[K, T]) Get(ctx context.Context, id K) (api.Row[T], error) {
	row, err := t.Table.Get(ctx, id)
	return api.Row[T](row), err
}

// List is as the API wants it.
func (t apiTable[K, T]) List(ctx context.Context, p api.Page[K]) ([]api.Row[T], error) {
	rows, err := t.Table.List(ctx, sqlledger.List[K](p))
	all := make([]api.Row[T], len(rows))
	for i, row := range rows {
		all[i] = api.Row[T](row)
	}
	return all, err
}

// Create is as the API wants it.
func (t apiTable[K, T]) Create(ctx context.Context, by account.Principal, v T) (api.Row[T], error) {
	row, err := t.By(user.ByOf(by)).Create(ctx, v)
	return api.Row[T](row), err
}

// Update is as the API wants it.
func (t apiTable[K, T]) Update(ctx context.Context, by account.Principal, id K, ifVersion int64, change func(*T) error) (api.Row[T], error) {
	row, err := t.By(user.ByOf(by)).Update(ctx, id, ifVersion, change)
	return api.Row[T](row), err
}

// apiLedger is the ledger in the words of the API.
type apiLedger struct{ *sqlledger.DB }

// Idempotent is as the API wants it.
func (l apiLedger) Idempotent(ctx context.Context, key, scope, bodyHash string) (*api.Answer, error) {
	a, err := l.DB.Idempotent(ctx, key, scope, bodyHash)
	return (*api.Answer)(a), err
}

// Answered is as the API wants it.
func (l apiLedger) Answered(ctx context.Context, key, scope string, a api.Answer) error {
	return l.DB.Answered(ctx, key, scope, sqlledger.Answer(a))
}

// PutIDMap is as the API wants it.
func (l apiLedger) PutIDMap(ctx context.Context, by account.Principal, all []tune.Mapping) ([]tune.Outcome, error) {
	return l.DB.PutIDMap(ctx, user.ByOf(by), all)
}

// Conversions is as the API wants it.
func (l apiLedger) Conversions(ctx context.Context, f api.ConversionFilter) ([]conversion.Conversion, string, error) {
	return l.DB.Conversions(ctx, sqlledger.ConversionFilter{
		TransactionID: f.TransactionID, OfferID: f.OfferID, AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, PayoutID: f.PayoutID,
		Status: f.Status, Goal: f.Goal, OrderID: f.OrderID, Test: f.Test, From: f.From, Until: f.Until,
		Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

// Verdicts is as the API wants it.
func (l apiLedger) Verdicts(ctx context.Context, f api.VerdictFilter) ([]signal.Verdict, string, error) {
	return l.DB.Verdicts(ctx, verdictFilter(f))
}

// Rejected is as the API wants it.
func (l apiLedger) Rejected(ctx context.Context, f api.VerdictFilter) ([]signal.Verdict, string, error) {
	return l.DB.Rejected(ctx, verdictFilter(f))
}

// verdictFilter is a filter in the words of the ledger.
func verdictFilter(f api.VerdictFilter) sqlledger.VerdictFilter {
	return sqlledger.VerdictFilter{
		TransactionID: f.TransactionID, Status: f.Status, Code: f.Code, OfferID: f.OfferID, Channel: f.Channel, Test: f.Test,
		From: f.From, Until: f.Until, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	}
}

// Deliveries is as the API wants it.
func (l apiLedger) Deliveries(ctx context.Context, f api.DeliveryFilter) ([]delivery.Owed, string, error) {
	return l.DB.Deliveries(ctx, sqlledger.DeliveryFilter{
		Filter: f.Filter, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

// ReplayJobs is as the API wants it.
func (l apiLedger) ReplayJobs(ctx context.Context, of delivery.Owner, cursor string, limit int) ([]delivery.ReplayJob, string, error) {
	return l.DB.ReplayJobs(ctx, of, sqlledger.Page{Cursor: cursor, Limit: limit})
}

// Balances is as the API wants it.
func (l apiLedger) Balances(ctx context.Context, f api.BalanceFilter) ([]api.Balance, error) {
	list, err := l.DB.Balances(ctx, sqlledger.BalanceFilter(f))
	all := make([]api.Balance, len(list))
	for i, b := range list {
		all[i] = api.Balance(b)
	}
	return all, err
}

// Trace is as the API wants it.
func (l apiLedger) Trace(ctx context.Context, id string) (api.Trace, error) {
	t, err := l.DB.Trace(ctx, id)
	return api.Trace(t), err
}
