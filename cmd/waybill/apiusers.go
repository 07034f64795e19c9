package main

import (
	"context"
	"log/slog"
	"time"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/serve/api"
	"waybill/internal/store/sqlledger"
	"waybill/internal/user"
	"waybill/internal/work/mail"
)

// CreateKey is as the API wants it.
func (l apiLedger) CreateKey(ctx context.Context, by account.Principal, k account.Key, hash string) (account.Key, error) {
	return l.DB.CreateKey(ctx, user.ByOf(by), k, hash)
}

// RevokeKey is as the API wants it.
func (l apiLedger) RevokeKey(ctx context.Context, by account.Principal, id int64, at time.Time) error {
	return l.DB.RevokeKey(ctx, user.ByOf(by), id, at)
}

// SaveSettings is as the API wants it.
func (l apiLedger) SaveSettings(ctx context.Context, by account.Principal, s catalog.Settings) error {
	return l.DB.SaveSettings(ctx, user.ByOf(by), s)
}

// CreateUser is as the API wants it: who is made there has yet to come.
func (l apiLedger) CreateUser(ctx context.Context, by account.Principal, u user.User) (user.User, error) {
	return l.DB.CreateUser(ctx, user.ByOf(by), u, false)
}

// FindUsers is as the API wants it.
func (l apiLedger) FindUsers(ctx context.Context, list api.UserList) ([]user.User, error) {
	return l.DB.FindUsers(ctx, sqlledger.UserList(list))
}

// UpdateUser is as the API wants it.
func (l apiLedger) UpdateUser(ctx context.Context, by account.Principal, id int64, change func(*user.User) error) (user.User, error) {
	return l.DB.UpdateUser(ctx, user.ByOf(by), id, change)
}

// RemoveUser is as the API wants it.
func (l apiLedger) RemoveUser(ctx context.Context, by account.Principal, id int64, allowed func(user.User) error) error {
	return l.DB.RemoveUser(ctx, user.ByOf(by), id, allowed)
}

// Audit is as the API wants it.
func (l apiLedger) Audit(ctx context.Context, f api.AuditFilter) ([]api.AuditNote, string, error) {
	notes, next, err := l.DB.Audit(ctx, sqlledger.AuditFilter{
		Entity: f.Entity, Key: f.Key, Actor: f.Actor, Action: f.Action, Page: sqlledger.Page{Limit: f.Limit, Cursor: f.Cursor},
	})
	all := make([]api.AuditNote, len(notes))
	for i := range notes {
		all[i] = api.AuditNote(notes[i])
	}
	return all, next, err
}

// Note is as the API wants it.
func (l apiLedger) Note(ctx context.Context, by account.Principal, action, entity, key, detail string) error {
	return l.DB.Note(ctx, user.ByOf(by), action, entity, key, detail)
}

// mailing is how long somebody waits for the answer to an invitation while it is
// handed to the mail server.
const mailing = 15 * time.Second

// invite makes a link for somebody, and mails it where mail is sent. A letter
// that does not go out is no failure: the link is there to be passed on.
//
// What is mailed begins as the operator says, and never as a request does.
func (n *node) invite(ctx context.Context, by account.Principal, u user.User, kind user.LinkKind, console string) (api.Sent, error) {
	mailer, err := n.settings.mailer()
	if err != nil {
		return api.Sent{}, err
	}
	if mailer != nil {
		console = n.consoleURL
	}
	link, err := n.newLink(ctx, user.ByOf(by), kind, u.ID, console)
	if mailer == nil || err != nil {
		return api.Sent{Link: link}, err
	}
	letter := mail.Invitation
	if kind == user.LinkReset {
		letter = mail.Reset
	}
	ctx, cancel := context.WithTimeout(ctx, mailing)
	defer cancel()
	if err := mailer.Send(ctx, letter(u.Email, n.consoleURL, link, time.Now().Add(kind.Life()))); err != nil {
		n.log.LogAttrs(ctx, slog.LevelWarn, "link was not sent by mail", slog.Int64("user_id", u.ID), slog.Any("error", err))
		return api.Sent{Link: link}, nil
	}
	return api.Sent{Link: link, Mailed: true}, nil
}
