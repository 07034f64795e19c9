package delivery

import (
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fault"
)

// Filter picks owed postbacks. What is left open fits all.
type Filter struct {
	TransactionID  string           `json:"transaction_id,omitempty"`
	ConversionID   string           `json:"conversion_id,omitempty"`
	SubscriptionID int64            `json:"subscription_id,omitempty"`
	Subscriptions  []int64          `json:"subscriptions,omitempty"` // one of these; empty for any
	AffiliateID    int64            `json:"affiliate_id,omitempty"`  // whose subscription it is
	AdvertiserID   int64            `json:"advertiser_id,omitempty"` // whose subscription it is
	OfferID        int64            `json:"offer_id,omitempty"`      // of the conversion
	State          State            `json:"state,omitempty"`
	Event          conversion.Event `json:"event,omitempty"`
	Class          ErrorClass       `json:"class,omitempty"`       // of the last attempt
	HTTPStatus     int              `json:"http_status,omitempty"` // of the last attempt
	From           time.Time        `json:"from,omitzero"`         // when it was made
	Until          time.Time        `json:"until,omitzero"`        // not included
	DueFrom        time.Time        `json:"due_from,omitzero"`
	DueUntil       time.Time        `json:"due_until,omitzero"` // not included
	Test           *bool            `json:"test,omitempty"`     // nil: real and test traffic
}

// JobAction is what a job does with the postbacks that its filter fits.
type JobAction string

// The actions.
const (
	// ActionReplay makes what is over wait again. It is that of a job that names
	// none.
	ActionReplay JobAction = "replay"
	// ActionWithdraw takes back what waits or is parked, and is not under way. To
	// undo it is to let it wait, or be parked, as it was before.
	ActionWithdraw JobAction = "withdraw"
)

// Withdraw checks a filter of what is not to be sent. It must say more than
// everything, and name the state: only what waits or is parked can be taken back.
func (f Filter) Withdraw() error {
	if f.State != Waiting && f.State != Parked {
		return fault.At("state", "only what is waiting or parked can be withdrawn")
	}
	g := f
	g.State = ""
	if g.all() && f.Until.IsZero() && f.DueUntil.IsZero() {
		return fault.New(fault.Invalid, "the filter fits everything that waits; say what is not to be sent: a destination, an event or a time")
	}
	return nil
}

// Replay checks a filter of what is to be sent again. It must say more than
// everything, and what waits is sent anyway.
func (f Filter) Replay() error {
	switch {
	case f.State == Waiting:
		return fault.At("state", "what waits is sent anyway; name another state, or none")
	case f.all():
		return fault.New(fault.Invalid, "the filter fits everything that was ever sent; say what is to be sent again: a destination, a state or a time")
	default:
		return nil
	}
}

// all reports whether a filter leaves out nothing, or only what is recent.
func (f Filter) all() bool {
	return f.TransactionID == "" && f.ConversionID == "" && f.SubscriptionID == 0 && len(f.Subscriptions) == 0 &&
		f.AffiliateID == 0 && f.AdvertiserID == 0 && f.OfferID == 0 && f.State == "" && f.Event == "" &&
		f.Class == "" && f.HTTPStatus == 0 && f.From.IsZero() && f.DueFrom.IsZero()
}

// ReplayState is how far a replay has come.
type ReplayState string

// The states.
const (
	ReplayRunning   ReplayState = "running"
	ReplayDone      ReplayState = "done"
	ReplayCancelled ReplayState = "cancelled" // stopped half-way; what waits by it goes on waiting
	ReplayUndoing   ReplayState = "undoing"
	ReplayUndone    ReplayState = "undone" // what was not sent since is as it was before
)

// ReplayJob makes many postbacks wait again that were over, a few at a time. Each
// keeps its ID and its values, gets its whole schedule anew, and takes its turn:
// it overtakes nothing of its conversion that is open before it.
type ReplayJob struct {
	ID         string
	Action     JobAction
	Filter     Filter
	Actor      string // who began it
	State      ReplayState
	Total      int64 // that the filter fits, when it began
	Done       int64 // made to wait, or withdrawn
	Skipped    int64 // that were so already, or under way
	Undone     int64 // put back
	CreatedAt  time.Time
	FinishedAt time.Time // zero while it runs, or is being undone
}

// Open reports whether there is still something to be done for the job.
func (j ReplayJob) Open() bool { return j.State == ReplayRunning || j.State == ReplayUndoing }
