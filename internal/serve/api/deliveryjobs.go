package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// bulkOptions is what POST deliveries/replay and deliveries/withdraw take.
type bulkOptions struct {
	deliveryPick
	State  string `json:"state,omitempty" enum:"waiting,delivered,dead,withdrawn,parked" doc:"Only those in this state. Left open: dead where they are replayed, waiting where they are withdrawn."`
	DryRun *bool  `json:"dry_run" doc:"true: only count them. Has to be said."`
}

// bulkCount is the answer to a dry run.
type bulkCount struct {
	DryRun bool  `json:"dry_run"`
	Total  int64 `json:"total" doc:"How many postbacks fit now."`
}

// jobRecord is a job as the API shows it.
type jobRecord struct {
	ID         string               `json:"id"`
	Action     delivery.JobAction   `json:"action" enum:"replay,withdraw" doc:"What it does with the postbacks that fit."`
	State      delivery.ReplayState `json:"state" enum:"running,done,cancelled,undoing,undone"`
	Filter     bulkFilter           `json:"filter" doc:"Which postbacks were meant."`
	Actor      string               `json:"actor,omitempty" doc:"Who began it. For the network alone."`
	Total      int64                `json:"total" doc:"How many fitted when it began."`
	Done       int64                `json:"done" doc:"How many it has changed."`
	Skipped    int64                `json:"skipped" doc:"How many were as they should be by then, or under way."`
	Undone     int64                `json:"undone" doc:"How many were put back."`
	Progress   int                  `json:"progress" doc:"In percent."`
	CreatedAt  time.Time            `json:"created_at"`
	FinishedAt *time.Time           `json:"finished_at,omitempty"`
}

// bulkFilter is what a job was asked for.
type bulkFilter struct {
	deliveryPick
	State         string  `json:"state,omitempty"`
	Subscriptions []int64 `json:"subscriptions,omitempty" doc:"Those that led to the host when it began."`
}

const jobText = "Postbacks are changed a few at a time, and what has become due goes out at its destination's rate, each conversion's in their order. " +
	"`GET deliveries/replays/{id}` tells how far it is."

func (a *API) registerJobs(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	job := schemaOf[jobRecord](s)
	begun := &huma.Schema{OneOf: []*huma.Schema{job, schemaOf[bulkCount](s)}}
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/replay", id: "replay-deliveries", tag: "Postbacks", right: account.Read,
		summary: "Deliver many again", roles: both, in: schemaOf[bulkOptions](s), out: begun, status: http.StatusAccepted,
		example: `{"state":"dead","host":"tracker.example.com","from":"2026-11-01T00:00:00Z","dry_run":true}`,
		text: "Those that fit wait again and are due now: given up ones unless `state` says otherwise. IDs and values stay; URL and template are read anew. " +
			"With `dry_run` they are counted, and answered by 200. " + jobText,
	}, func(ctx context.Context, in *makeIn) (*answer, error) {
		return a.beginJob(ctx, in, delivery.ActionReplay)
	})
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/withdraw", id: "withdraw-deliveries", tag: "Postbacks", right: account.Read,
		summary: "Do not deliver many", roles: both, in: schemaOf[bulkOptions](s), out: begun, status: http.StatusAccepted,
		example: `{"subscription_id":1,"until":"2026-11-22T00:00:00Z","dry_run":true}`,
		text: "Those that fit and wait, or are parked if `state` says so, will not be sent. It can be undone. " +
			"With `dry_run` they are counted, and answered by 200. " + jobText,
	}, func(ctx context.Context, in *makeIn) (*answer, error) {
		return a.beginJob(ctx, in, delivery.ActionWithdraw)
	})
	handle(h, route{
		method: http.MethodGet, path: prefix + "/deliveries/replays", id: "list-replays", tag: "Postbacks",
		summary: "List jobs on deliveries", roles: both, out: s.list("DeliveryJobList", job), text: "Replays and withdrawals, the newest first.",
	}, a.listJobs)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/deliveries/replays/{id}", id: "get-replay", tag: "Postbacks",
		summary: "Read a job on deliveries", roles: both, out: job,
	}, a.getJob)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/replays/{id}/undo", id: "undo-replay", tag: "Postbacks",
		summary: "Undo a job on deliveries", roles: both, out: job, status: http.StatusAccepted,
		text: "What was not sent since is put back to what it was before. What was sent stays sent.",
	}, a.undoJob)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/deliveries/replays/{id}/cancel", id: "cancel-replay", tag: "Postbacks",
		summary: "Stop a job on deliveries", roles: both, out: job,
		text: "It changes no further postbacks; what it has changed stays so. Undo puts that back.",
	}, a.cancelJob)
}

// beginJob counts what fits, or begins to change it.
func (a *API) beginJob(ctx context.Context, in *makeIn, action delivery.JobAction) (*answer, error) {
	var o bulkOptions
	if err := merge(&o, bulkOptions{}, in.RawBody); err != nil {
		return nil, err
	}
	f, mine, err := a.bulkFilter(in.who(), &o, action)
	if err != nil {
		return nil, err
	}
	if err := in.x.trial(*o.DryRun); err != nil {
		return nil, err
	}
	if *o.DryRun || !mine {
		return a.countJob(ctx, f, *o.DryRun, mine)
	}
	if err := a.roomForJob(ctx, in.who()); err != nil {
		return nil, err
	}
	begin := a.Jobs.BeginReplay
	if action == delivery.ActionWithdraw {
		begin = a.Jobs.BeginWithdraw
	}
	job, err := begin(ctx, f, in.who().Actor(), a.now())
	if err != nil {
		return nil, err
	}
	a.nudge()
	out, err := showJob(in.who(), &job)
	if err != nil {
		return nil, err
	}
	return &answer{Body: out, Location: prefix + "/deliveries/replays/" + job.ID}, nil
}

// mostJobs is how many jobs a partner has open at once: they are done one after
// another, and the network's must not wait long.
const mostJobs = 3

// roomForJob refuses a partner's job while enough of the partner's are open.
func (a *API) roomForJob(ctx context.Context, who account.Principal) error {
	if who.IsNetwork() {
		return nil
	}
	list, _, err := a.JobRecords.ReplayJobs(ctx, ownerOf(who), "", maxBatch)
	if err != nil {
		return err
	}
	open := 0
	for i := range list {
		if list[i].Open() {
			open++
		}
	}
	if open >= mostJobs {
		return fault.New(fault.Limited, "%d jobs are under way already; wait for one to end, or cancel it", open)
	}
	return nil
}

// countJob answers a dry run. What cannot be the caller's is nothing to begin.
func (a *API) countJob(ctx context.Context, f delivery.Filter, dryRun, mine bool) (*answer, error) {
	if !mine && !dryRun {
		return nil, fault.New(fault.Invalid, "no postback of yours can fit: look at subscription, host and owner")
	}
	var n int64
	if mine {
		var err error
		if n, err = a.JobRecords.CountDeliveries(ctx, f); err != nil {
			return nil, err
		}
	}
	return &answer{Status: http.StatusOK, Body: bulkCount{DryRun: true, Total: n}}, nil
}

// bulkFilter reads what a job is to change.
func (a *API) bulkFilter(who account.Principal, o *bulkOptions, action delivery.JobAction) (delivery.Filter, bool, error) {
	states, state := []delivery.State{delivery.Dead, delivery.Delivered, delivery.Withdrawn, delivery.Parked}, delivery.Dead
	if action == delivery.ActionWithdraw {
		states, state = []delivery.State{delivery.Waiting, delivery.Parked}, delivery.Waiting
	}
	if o.State != "" {
		state = delivery.State(o.State)
	}
	var missing error
	if o.DryRun == nil {
		missing = fault.At("dry_run", "has to be said: true to see how many it would be, false to do it")
	}
	if err := errors.Join(missing, known("state", string(state), states), o.validate()); err != nil {
		return delivery.Filter{}, false, err
	}
	f, mine, err := o.filter(a, who)
	f.State = state
	if err != nil || !mine {
		return f.Filter, mine, err
	}
	if action == delivery.ActionWithdraw {
		return f.Filter, true, f.Withdraw()
	}
	return f.Filter, true, f.Replay()
}

type jobsIn struct {
	caller
	Paging
}

func (a *API) listJobs(ctx context.Context, in *jobsIn) (*answer, error) {
	list, next, err := a.JobRecords.ReplayJobs(ctx, ownerOf(in.who()), in.Cursor, in.Limit)
	if err != nil {
		return nil, inQuery(err)
	}
	return answerList(list, next, func(job *delivery.ReplayJob) (object, error) { return showJob(in.who(), job) })
}

type jobIn struct {
	caller
	ID string `path:"id" doc:"The job's ID."`
}

func (a *API) getJob(ctx context.Context, in *jobIn) (*answer, error) {
	job, err := a.findJob(ctx, in)
	if err != nil {
		return nil, err
	}
	return answerJob(in.who(), &job)
}

func (a *API) undoJob(ctx context.Context, in *jobIn) (*answer, error) {
	return a.changeJob(ctx, in, a.Jobs.UndoReplay)
}

func (a *API) cancelJob(ctx context.Context, in *jobIn) (*answer, error) {
	return a.changeJob(ctx, in, a.Jobs.CancelReplay)
}

func (a *API) changeJob(ctx context.Context, in *jobIn, change func(context.Context, string) (delivery.ReplayJob, error)) (*answer, error) {
	job, err := a.findJob(ctx, in)
	if err != nil {
		return nil, err
	}
	if job, err = change(ctx, job.ID); err != nil {
		return nil, err
	}
	a.nudge()
	return answerJob(in.who(), &job)
}

// findJob gives a job on the caller's own deliveries.
func (a *API) findJob(ctx context.Context, in *jobIn) (delivery.ReplayJob, error) {
	missing := fault.New(fault.NotFound, "there is no job %.60s", in.ID)
	job, err := a.JobRecords.ReplayJob(ctx, in.ID)
	if fault.Of(err) == fault.NotFound {
		return job, missing
	}
	if err == nil && !ownsJob(in.who(), &job) {
		return delivery.ReplayJob{}, missing
	}
	return job, err
}

// ownsJob reports whether a job changes the caller's deliveries alone.
func ownsJob(who account.Principal, job *delivery.ReplayJob) bool {
	if who.IsNetwork() {
		return true
	}
	owner := ownerOf(who)
	return owner.AffiliateID != 0 && job.Filter.AffiliateID == owner.AffiliateID ||
		owner.AdvertiserID != 0 && job.Filter.AdvertiserID == owner.AdvertiserID
}

func answerJob(who account.Principal, job *delivery.ReplayJob) (*answer, error) {
	o, err := showJob(who, job)
	return &answer{Body: o}, err
}

func showJob(who account.Principal, job *delivery.ReplayJob) (object, error) {
	f := &job.Filter
	return view(who.Role, kindJob, jobRecord{
		ID: job.ID, Action: job.Action, State: job.State, Actor: job.Actor,
		Filter: bulkFilter{
			deliveryPick: deliveryPick{
				TransactionID: f.TransactionID, ConversionID: f.ConversionID, SubscriptionID: f.SubscriptionID,
				AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID, OfferID: f.OfferID, Event: string(f.Event),
				Error: string(f.Class), HTTPStatus: f.HTTPStatus,
				From: instant(f.From), Until: instant(f.Until), DueFrom: instant(f.DueFrom), DueUntil: instant(f.DueUntil), Test: f.Test,
			},
			State: string(f.State), Subscriptions: f.Subscriptions,
		},
		Total: job.Total, Done: job.Done, Skipped: job.Skipped, Undone: job.Undone, Progress: progressOf(job),
		CreatedAt: job.CreatedAt.UTC(), FinishedAt: instant(job.FinishedAt),
	})
}

// progressOf says how far a job is, in percent.
func progressOf(job *delivery.ReplayJob) int {
	switch {
	case !job.Open():
		return 100
	case job.State == delivery.ReplayUndoing && job.Done > 0:
		return int(min(99, 100*job.Undone/job.Done))
	case job.State == delivery.ReplayRunning && job.Total > 0:
		return int(min(99, 100*(job.Done+job.Skipped)/job.Total))
	default:
		return 0
	}
}
