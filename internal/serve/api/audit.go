package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
)

// AuditFilter picks notes of the audit; what is left open fits all.
type AuditFilter struct {
	Entity, Key, Actor, Action string
	Limit                      int
	Cursor                     string
}

// AuditNote is one thing that somebody did. Before and After are JSON, or empty.
type AuditNote struct {
	ID                                             int64
	At                                             time.Time
	Actor, ActorName, Address, Action, Entity, Key string
	Before, After                                  string
}

// AuditLog keeps who did what.
type AuditLog interface {
	Audit(ctx context.Context, f AuditFilter) (list []AuditNote, next string, err error) // newest first
	// Note writes down what somebody did; detail is JSON, or empty.
	Note(ctx context.Context, by account.Principal, action, entity, key, detail string) error
}

// noteDecision notes who decides about conversions, before it is done: the signals
// that come of it do not say.
func (a *API) noteDecision(ctx context.Context, who account.Principal, action, key string, what any) error {
	detail, err := write(what)
	if err != nil {
		return err
	}
	return a.AuditLog.Note(ctx, who, action, "conversion", key, string(detail))
}

// auditRecord is a note as it is shown.
type auditRecord struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor" doc:"Who did it: user 3, key 7, command line, deliver."`
	ActorName string          `json:"actor_name,omitempty" doc:"What that user or key is called."`
	Address   string          `json:"address,omitempty" doc:"From where."`
	Action    string          `json:"action" doc:"create, change, revoke, remove; review; log_in, log_in_failed, view_as, …"`
	Entity    string          `json:"entity" doc:"Of what: offer, link, user, key, …"`
	Key       string          `json:"key,omitempty" doc:"Which of them."`
	Before    json.RawMessage `json:"before,omitempty" doc:"What it was, without secrets."`
	After     json.RawMessage `json:"after,omitempty" doc:"What it is since, without secrets."`
}

func (a *API) registerAudit(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/audit", id: "list-audit", tag: "Administration", right: account.Audit,
		summary: "Who did what", out: s.list("AuditList", schemaOf[auditRecord](s)),
		text: "Newest first: changes of the catalog, keys and settings, what people decide about conversions, log-ins and those that failed, invitations, and who looked with a partner's eyes.",
		filters: []filterDoc{
			{name: "entity", doc: "Only what was done to these: offer, user, key, …"},
			{name: "key", doc: "Only what was done to the one with this ID or code."},
			{name: "actor", doc: "Only what this one did, such as `user 3` or `key 7`."},
			{name: "action", doc: "Only these actions."},
		},
	}, a.audit)
}

func (a *API) audit(ctx context.Context, in *listIn) (*answer, error) {
	query := in.x.r.URL.Query()
	notes, next, err := a.AuditLog.Audit(ctx, AuditFilter{
		Entity: query.Get("entity"), Key: query.Get("key"), Actor: query.Get("actor"), Action: query.Get("action"),
		Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, err
	}
	return answerList(notes, next, func(n *AuditNote) (object, error) {
		return objectOf(auditRecord{
			ID: n.ID, At: n.At.UTC(), Actor: n.Actor, ActorName: n.ActorName, Address: n.Address, Action: n.Action,
			Entity: n.Entity, Key: n.Key, Before: json.RawMessage(n.Before), After: json.RawMessage(n.After),
		})
	})
}
