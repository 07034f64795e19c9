package api

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Row is a document of the catalog as it is stored. Its version rises with
// every change.
type Row[T any] struct {
	Value     T
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Page asks for up to Limit (at most 1000) documents behind After, in the order
// of their keys, or with Newest by falling time of their making.
// Offer, Advertiser, Affiliate and Status leave only documents that name this one
// or have it, 0 and empty leave all; of a kind of documents that knows no such thing
// all are left. Find leaves those with a name that it is a part of, in either case
// of letters, or with exactly this ID; empty leaves all.
type Page[K int64 | string] struct {
	After                        K
	Limit                        int
	Newest                       bool
	Offer, Advertiser, Affiliate int64
	Status                       string
	Find                         string
	IDs                          []K // only these; nil for all
}

// Table keeps the documents of one type. An ifVersion that is not 0 and not the
// version stored is fault.Stale. The error of change is returned as it is, and
// nothing is changed then.
type Table[K int64 | string, T any] interface {
	Get(ctx context.Context, id K) (Row[T], error)
	List(ctx context.Context, p Page[K]) ([]Row[T], error)
	Create(ctx context.Context, by account.Principal, v T) (Row[T], error)
	Update(ctx context.Context, by account.Principal, id K, ifVersion int64, change func(*T) error) (Row[T], error)
}

// Keys keeps API keys. A hash, never a secret, comes here.
type Keys interface {
	ListKeys(ctx context.Context) ([]account.Key, error) // by rising ID, revoked ones too
	CreateKey(ctx context.Context, by account.Principal, k account.Key, hash string) (account.Key, error)
	RevokeKey(ctx context.Context, by account.Principal, id int64, at time.Time) error
}

// Settings keeps what holds for the whole installation.
type Settings interface {
	Settings(ctx context.Context) (catalog.Settings, error)
	SaveSettings(ctx context.Context, by account.Principal, s catalog.Settings) error
}

// Answer is the answer to a POST with an Idempotency-Key, as it is kept.
type Answer struct {
	Status int
	Body   []byte // text
}

// Answers keeps the answers to POSTs with an Idempotency-Key for a day or more.
type Answers interface {
	// Idempotent gives the answer that is kept, or nil when the request is the
	// first of its kind and may go on. While the first is under way it is
	// fault.Conflict; with another body it is fault.Invalid.
	Idempotent(ctx context.Context, key, scope, bodyHash string) (*Answer, error)
	// Answered keeps an answer. One of status 0 lets go of the key, so that the
	// request may be made again.
	Answered(ctx context.Context, key, scope string, a Answer) error
}

// Journal holds what came in, as it came.
type Journal interface {
	Get(ctx context.Context, id txid.ID) ([]byte, error)
}

// ConversionFilter says which conversions are meant; what is left open fits
// all, but test conversions are listed only when asked for.
type ConversionFilter struct {
	TransactionID string
	OrderID       string
	Goal          string
	Status        conversion.Status
	OfferID       int64
	AffiliateID   int64
	AdvertiserID  int64
	PayoutID      int64
	Test          bool
	From, Until   time.Time // when it was made; Until not included
	Limit         int
	Cursor        string
}

// Conversions gives conversions, lists newest first.
type Conversions interface {
	Conversion(ctx context.Context, id string) (conversion.Conversion, error)
	Conversions(ctx context.Context, f ConversionFilter) (list []conversion.Conversion, next string, err error)
}

// VerdictFilter says which verdicts are meant; what is left open fits all, but
// those on test signals are listed only when asked for.
type VerdictFilter struct {
	TransactionID string
	Status        signal.Status
	Code          signal.Code
	OfferID       int64
	Channel       signal.Channel
	Test          bool
	From, Until   time.Time // when the signal was received; Until not included
	Limit         int
	Cursor        string
}

// Verdicts gives what became of signals, lists newest first.
type Verdicts interface {
	Verdict(ctx context.Context, signalID string) (signal.Verdict, error)
	Verdicts(ctx context.Context, f VerdictFilter) (list []signal.Verdict, next string, err error)
	// Rejected lists those on rejected signals alone, in the order of receipt.
	Rejected(ctx context.Context, f VerdictFilter) (list []signal.Verdict, next string, err error)
	// EarlierVerdicts gives those that were replaced, the first one first.
	EarlierVerdicts(ctx context.Context, signalID string) ([]signal.Earlier, error)
}

// DeliveryFilter says which owed postbacks are listed. Affiliate and advertiser
// are those whose subscription it is.
type DeliveryFilter struct {
	delivery.Filter
	Limit  int
	Cursor string
}

// Deliveries gives owed postbacks, lists newest first.
type Deliveries interface {
	Delivery(ctx context.Context, id string) (delivery.Owed, error)
	Deliveries(ctx context.Context, f DeliveryFilter) (list []delivery.Owed, next string, err error)
	Attempts(ctx context.Context, deliveryID string) ([]delivery.Attempt, error)
}

// Queue changes how the queue of owed postbacks stands.
type Queue interface {
	// Replay makes a delivery that is over, or parked, due again at a time.
	Replay(ctx context.Context, id string, due time.Time) error
	// Withdraw takes back one that waits, or is parked, and is not under way.
	Withdraw(ctx context.Context, id string, at time.Time) error
	// CloseBreaker lets a subscription's postbacks through again.
	CloseBreaker(ctx context.Context, subscriptionID int64) error
}

// Standing tells how the queue of owed postbacks stands.
type Standing interface {
	// DestinationsOf gives those of some subscriptions' queues that anything was ever
	// in.
	DestinationsOf(ctx context.Context, subscriptions []int64) ([]delivery.Destination, error)
	// Breakers gives those that are not closed and without failures.
	Breakers(ctx context.Context) ([]delivery.Breaker, error)
	// DeadLetters groups what was given up, the largest group first.
	DeadLetters(ctx context.Context, f delivery.Filter) ([]delivery.DeadLetters, error)
	// Parked reports whether all deliveries are stopped.
	Parked(ctx context.Context) (bool, error)
}

// Jobs changes many owed postbacks, a few at a time.
type Jobs interface {
	BeginReplay(ctx context.Context, f delivery.Filter, actor string, now time.Time) (delivery.ReplayJob, error)
	BeginWithdraw(ctx context.Context, f delivery.Filter, actor string, now time.Time) (delivery.ReplayJob, error)
	// UndoReplay puts back what was not sent since, and CancelReplay stops a job.
	UndoReplay(ctx context.Context, id string) (delivery.ReplayJob, error)
	CancelReplay(ctx context.Context, id string) (delivery.ReplayJob, error)
}

// JobRecords tells what jobs would change, and what became of them.
type JobRecords interface {
	CountDeliveries(ctx context.Context, f delivery.Filter) (int64, error)
	ReplayJob(ctx context.Context, id string) (delivery.ReplayJob, error)
	// ReplayJobs lists those on an owner's deliveries, those on anybody's for nobody,
	// the newest first.
	ReplayJobs(ctx context.Context, of delivery.Owner, cursor string, limit int) (list []delivery.ReplayJob, next string, err error)
}

// Balance is the sum of an account's entries in one currency.
type Balance struct {
	Account ledger.Account `json:"account"`
	Amount  money.Sum      `json:"amount"`
}

// BalanceFilter says whose balances are meant; an empty Party is everybody's.
// Test money is listed only when asked for.
type BalanceFilter struct {
	Party   ledger.Party
	PartyID int64
	Test    bool
}

// Books gives the money.
type Books interface {
	Entries(ctx context.Context, conversionID string) ([]ledger.Entry, error)
	// EntriesBeside gives those of a payout, or else of an adjustment, that are no
	// conversion's.
	EntriesBeside(ctx context.Context, payoutID, adjustmentID int64) ([]ledger.Entry, error)
	// Balances gives those that are not zero, always in the same order.
	Balances(ctx context.Context, f BalanceFilter) ([]Balance, error)
}

// Trace is all that the ledger knows about one transaction ID.
type Trace struct {
	Verdicts    []signal.Verdict
	Earlier     []signal.Earlier // of the verdicts' signals
	Passed      []signal.Verdict // on signals that named it, and credited another
	Conversions []conversion.Conversion
	Entries     []ledger.Entry
	Deliveries  []delivery.Owed
	Attempts    []delivery.Attempt
}

// Traces gives traces.
type Traces interface {
	Trace(ctx context.Context, transactionID string) (Trace, error)
}

// Hit is one claim made through the API.
type Hit struct {
	Channel    signal.Channel // api when empty, or import
	By         account.Principal
	From       netip.Addr
	UserAgent  string
	Method     string
	Path       string
	Parameters json.RawMessage // one JSON object, by the names that postbacks use
	Index      int             // its place in an array
	IfVersion  int             // the conversion's version that it is meant for; 0 for any
}

// Signals takes claims in: each is written down, judged and answered for, like
// one that came as a postback, but on its own channel. Who made it is known
// already: a hit on another advertiser's offer is refused.
type Signals interface {
	Submit(ctx context.Context, h Hit) signal.Verdict
}

// Tester sends one postback now, outside the queue, and tells what came of it.
// Nothing is kept.
type Tester interface {
	Test(ctx context.Context, s delivery.Subscription, owed delivery.Owed) (delivery.Attempt, error)
}
