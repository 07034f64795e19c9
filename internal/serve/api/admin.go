package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/tune"
)

// secretField is where a new key's secret stands in the answer, once.
const secretField = "secret"

type newKey struct {
	account.Key
	Secret string `json:"secret" doc:"The key itself. It is shown once, and kept only as a hash."`
}

func (a *API) registerKeys(h huma.API, s *schemas) {
	read, create, _ := s.document("Key", account.Key{})
	delete(s.all, "KeyChange") // keys are not changed
	handle(h, route{
		method: http.MethodGet, path: prefix + "/keys", id: "list-keys", tag: "Administration", right: account.Administer,
		summary: "List API keys", text: "Revoked ones too, without their secrets.", out: s.list("KeyList", read),
		filters: []filterDoc{findParam("name, or those whose secret begins so")},
	}, a.listKeys)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/keys", id: "create-key", tag: "Administration", right: account.Administer, confirm: true, status: http.StatusCreated,
		summary: "Create an API key", in: create, out: schemaOf[newKey](s),
		example: `{"role":"affiliate","affiliate_id":1,"name":"their tracker"}`,
		text:    "The answer holds the key itself. That is the only time it is shown: a repetition by Idempotency-Key leaves it out.",
	}, a.createKey)
	handle(h, route{
		method: http.MethodDelete, path: prefix + "/keys/{id}", id: "revoke-key", tag: "Administration", right: account.Administer,
		summary: "Revoke an API key", out: read, text: "For good. A key that is revoked already stays as it is.",
	}, a.revokeKey)
}

func (a *API) listKeys(ctx context.Context, in *orderedIn) (*answer, error) {
	after, err := parseOrdered[int64](in.Ordered)
	if err != nil {
		return nil, err
	}
	find, err := findOf(in.x.r.URL.Query())
	if err != nil {
		return nil, err
	}
	keys, err := a.Keys.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	if in.newest() {
		slices.Reverse(keys)
	}
	out := page{Data: []object{}}
	for _, k := range keys {
		if in.newest() && after != 0 && k.ID >= after || !in.newest() && k.ID <= after || !called(&k, find) {
			continue
		}
		if len(out.Data) == in.Limit {
			out.Next = orderedCursor(in.Ordered, after)
			break
		}
		o, err := view(in.who().Role, kindNetwork, k)
		if err != nil {
			return nil, err
		}
		out.Data, after = append(out.Data, o), k.ID
	}
	return &answer{Body: out}, nil
}

// called reports whether a key has what is looked for in its name, or in what its
// secret begins with, or is of this ID.
func called(k *account.Key, find string) bool {
	return strings.Contains(strings.ToLower(k.Name), strings.ToLower(find)) || strings.HasPrefix(k.Prefix, find) || number(k.ID) == find
}

func (a *API) createKey(ctx context.Context, in *makeIn) (*answer, error) {
	var k account.Key
	if err := merge(&k, account.Key{}, in.RawBody); err != nil {
		return nil, err
	}
	if err := k.Validate(); err != nil {
		return nil, err
	}
	secret, err := account.NewSecret(k.Role, rand.Reader)
	if err != nil {
		return nil, err
	}
	k.Prefix, k.CreatedAt = account.Prefix(secret), a.now().UTC()
	if k, err = a.Keys.CreateKey(ctx, in.who(), k, account.Hash(secret)); err != nil {
		return nil, err
	}
	a.changed(ctx)
	return &answer{Location: fmt.Sprintf("%s/keys/%d", prefix, k.ID), Body: newKey{Key: k, Secret: secret}}, nil
}

func (a *API) revokeKey(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	missing := fault.New(fault.NotFound, "there is no key %d", in.ID)
	err := a.Keys.RevokeKey(ctx, in.who(), in.ID, a.now().UTC())
	if fault.Of(err) == fault.NotFound {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	a.changed(ctx)
	keys, err := a.Keys.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.ID == in.ID {
			return &answer{Body: k}, nil
		}
	}
	return nil, missing
}

// settingsRecord is what of the settings may be read and changed.
type settingsRecord struct {
	FallbackURL string    `json:"fallback_url,omitempty" doc:"Where visitors go who can be sent nowhere else; left open: a plain page."`
	TuneIDs     tune.Rule `json:"tune_ids,omitempty" doc:"What a number of TUNE's means that was not imported: identity (the same number here) or refuse. Left open: identity as long as none of its kind was imported."`
}

// settingsOf gives what may be seen of the settings.
func settingsOf(s catalog.Settings) settingsRecord {
	return settingsRecord{FallbackURL: s.FallbackURL, TuneIDs: s.TuneIDs}
}

func (s settingsRecord) validate() error {
	return catalog.Settings{FallbackURL: s.FallbackURL, TuneIDs: s.TuneIDs}.Validate()
}

func (a *API) registerSettings(h huma.API, s *schemas) {
	type readIn struct{ caller }
	shape := schemaOf[settingsRecord](s)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/settings", id: "get-settings", tag: "Administration",
		summary: "Read the settings", out: shape,
	}, func(ctx context.Context, _ *readIn) (*answer, error) {
		now, err := a.Settings.Settings(ctx)
		return &answer{Body: settingsOf(now)}, err
	})
	handle(h, route{
		method: http.MethodPatch, path: prefix + "/settings", id: "change-settings", tag: "Administration", right: account.Administer,
		summary: "Change the settings", in: shape, out: shape, example: `{"fallback_url":"https://www.example.com/"}`,
		text: "By the rules of JSON Merge Patch (RFC 7396).",
	}, a.changeSettings)
}

func (a *API) changeSettings(ctx context.Context, in *makeIn) (*answer, error) {
	now, err := a.Settings.Settings(ctx)
	if err != nil {
		return nil, err
	}
	r := settingsOf(now)
	if err := merge(&r, settingsRecord{}, in.RawBody); err != nil {
		return nil, err
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	now.FallbackURL, now.TuneIDs = r.FallbackURL, r.TuneIDs
	if err := a.Settings.SaveSettings(ctx, in.who(), now); err != nil {
		return nil, err
	}
	a.changed(ctx)
	return &answer{Body: r}, nil
}
