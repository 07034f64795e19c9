package api

import (
	"context"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/signal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/tune"
	"waybill/internal/user"
)

// realTable is a table of the ledger in the words of this package.
type realTable[K int64 | string, T any] struct{ *sqlledger.Table[K, T] }

func (t realTable[K, T]) Get(ctx context.Context, id K) (Row[T], error) {
	row, err := t.Table.Get(ctx, id)
	return Row[T](row), err
}

func (t realTable[K, T]) List(ctx context.Context, p Page[K]) ([]Row[T], error) {
	rows, err := t.Table.List(ctx, sqlledger.List[K](p))
	all := make([]Row[T], len(rows))
	for i, row := range rows {
		all[i] = Row[T](row)
	}
	return all, err
}

func (t realTable[K, T]) Create(ctx context.Context, by account.Principal, v T) (Row[T], error) {
	row, err := t.By(user.ByOf(by)).Create(ctx, v)
	return Row[T](row), err
}

func (t realTable[K, T]) Update(ctx context.Context, by account.Principal, id K, ifVersion int64, change func(*T) error) (Row[T], error) {
	row, err := t.By(user.ByOf(by)).Update(ctx, id, ifVersion, change)
	return Row[T](row), err
}

// realLedger is the ledger in the words of this package.
type realLedger struct{ *sqlledger.DB }

func (l realLedger) Idempotent(ctx context.Context, key, scope, bodyHash string) (*Answer, error) {
	a, err := l.DB.Idempotent(ctx, key, scope, bodyHash)
	return (*Answer)(a), err
}

func (l realLedger) Answered(ctx context.Context, key, scope string, a Answer) error {
	return l.DB.Answered(ctx, key, scope, sqlledger.Answer(a))
}

func (l realLedger) CreateKey(ctx context.Context, by account.Principal, k account.Key, hash string) (account.Key, error) {
	return l.DB.CreateKey(ctx, user.ByOf(by), k, hash)
}

func (l realLedger) FindUsers(ctx context.Context, list UserList) ([]user.User, error) {
	return l.DB.FindUsers(ctx, sqlledger.UserList(list))
}

func (l realLedger) RevokeKey(ctx context.Context, by account.Principal, id int64, at time.Time) error {
	return l.DB.RevokeKey(ctx, user.ByOf(by), id, at)
}

func (l realLedger) SaveSettings(ctx context.Context, by account.Principal, s catalog.Settings) error {
	return l.DB.SaveSettings(ctx, user.ByOf(by), s)
}

func (l realLedger) PutIDMap(ctx context.Context, by account.Principal, all []tune.Mapping) ([]tune.Outcome, error) {
	return l.DB.PutIDMap(ctx, user.ByOf(by), all)
}

func (l realLedger) Conversions(ctx context.Context, f ConversionFilter) ([]conversion.Conversion, string, error) {
	return l.DB.Conversions(ctx, sqlledger.ConversionFilter{
		TransactionID: f.TransactionID, OfferID: f.OfferID, AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, PayoutID: f.PayoutID,
		Status: f.Status, Goal: f.Goal, OrderID: f.OrderID, Test: f.Test, From: f.From, Until: f.Until,
		Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

func (l realLedger) Verdicts(ctx context.Context, f VerdictFilter) ([]signal.Verdict, string, error) {
	return l.DB.Verdicts(ctx, verdictFilter(f))
}

func (l realLedger) Rejected(ctx context.Context, f VerdictFilter) ([]signal.Verdict, string, error) {
	return l.DB.Rejected(ctx, verdictFilter(f))
}

func verdictFilter(f VerdictFilter) sqlledger.VerdictFilter {
	return sqlledger.VerdictFilter{
		TransactionID: f.TransactionID, Status: f.Status, Code: f.Code, OfferID: f.OfferID, Channel: f.Channel, Test: f.Test,
		From: f.From, Until: f.Until, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	}
}

func (l realLedger) Deliveries(ctx context.Context, f DeliveryFilter) ([]delivery.Owed, string, error) {
	return l.DB.Deliveries(ctx, sqlledger.DeliveryFilter{
		Filter: f.Filter, Page: sqlledger.Page{Cursor: f.Cursor, Limit: f.Limit},
	})
}

func (l realLedger) ReplayJobs(ctx context.Context, of delivery.Owner, cursor string, limit int) ([]delivery.ReplayJob, string, error) {
	return l.DB.ReplayJobs(ctx, of, sqlledger.Page{Cursor: cursor, Limit: limit})
}

func (l realLedger) Balances(ctx context.Context, f BalanceFilter) ([]Balance, error) {
	list, err := l.DB.Balances(ctx, sqlledger.BalanceFilter(f))
	all := make([]Balance, len(list))
	for i, b := range list {
		all[i] = Balance(b)
	}
	return all, err
}

func (l realLedger) Trace(ctx context.Context, id string) (Trace, error) {
	t, err := l.DB.Trace(ctx, id)
	return Trace(t), err
}

var (
	_ Keys        = realLedger{}
	_ Settings    = realLedger{}
	_ Answers     = realLedger{}
	_ Conversions = realLedger{}
	_ Verdicts    = realLedger{}
	_ Deliveries  = realLedger{}
	_ Queue       = realLedger{}
	_ Standing    = realLedger{}
	_ Jobs        = realLedger{}
	_ JobRecords  = realLedger{}
	_ Books       = realLedger{}
	_ Traces      = realLedger{}
)

func (l realLedger) CreateUser(ctx context.Context, by account.Principal, u user.User) (user.User, error) {
	return l.DB.CreateUser(ctx, user.ByOf(by), u, false)
}

func (l realLedger) UpdateUser(ctx context.Context, by account.Principal, id int64, change func(*user.User) error) (user.User, error) {
	return l.DB.UpdateUser(ctx, user.ByOf(by), id, change)
}

func (l realLedger) RemoveUser(ctx context.Context, by account.Principal, id int64, allowed func(user.User) error) error {
	return l.DB.RemoveUser(ctx, user.ByOf(by), id, allowed)
}

func (l realLedger) Audit(ctx context.Context, f AuditFilter) ([]AuditNote, string, error) {
	notes, next, err := l.DB.Audit(ctx, sqlledger.AuditFilter{
		Entity: f.Entity, Key: f.Key, Actor: f.Actor, Action: f.Action, Page: sqlledger.Page{Limit: f.Limit, Cursor: f.Cursor},
	})
	all := make([]AuditNote, len(notes))
	for i := range notes {
		all[i] = AuditNote(notes[i])
	}
	return all, next, err
}

func (l realLedger) Note(ctx context.Context, by account.Principal, action, entity, key, detail string) error {
	return l.DB.Note(ctx, user.ByOf(by), action, entity, key, detail)
}
