package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/reconcile"
)

// list gives the comparisons that the caller made, the network all.
func (r *reconciler) list(ctx context.Context, who account.Principal, p Paging) (*answer, error) {
	after, err := parseCursor[string](p.Cursor)
	if err != nil {
		return nil, err
	}
	f := reconcile.Filter{
		All: who.IsNetwork(), Owner: reconcile.Owner{AdvertiserID: who.AdvertiserID, AffiliateID: who.AffiliateID}, Limit: p.Limit, Cursor: after,
	}
	found, next, err := r.Reconciliations.Reconciliations(ctx, f)
	if err != nil {
		return nil, err
	}
	if next != "" {
		next = cursor(next)
	}
	return answerList(found, next, func(one *reconcile.Record) (object, error) {
		shown, err := showReconciliation(*one)
		if err != nil {
			return nil, fmt.Errorf("read reconciliation %s: %w", one.ID, err)
		}
		return objectOf(shown)
	})
}

// find gives a comparison that is the caller's to see.
func (r *reconciler) find(ctx context.Context, who account.Principal, id string) (reconcile.Record, error) {
	found, err := r.Reconciliations.Reconciliation(ctx, strings.ToLower(id))
	mine := reconcile.Owner{AdvertiserID: who.AdvertiserID, AffiliateID: who.AffiliateID}
	if fault.Of(err) == fault.NotFound || err == nil && !who.IsNetwork() && found.Owner != mine {
		return reconcile.Record{}, fault.New(fault.NotFound, "there is no reconciliation %s", id)
	}
	return found, err
}

func (r *reconciler) get(ctx context.Context, who account.Principal, id string) (*answer, error) {
	found, err := r.find(ctx, who, id)
	if err != nil {
		return nil, err
	}
	shown, err := showReconciliation(found)
	return &answer{Body: shown}, err
}

type rowsIn struct {
	caller
	Paging
	ID     string `path:"id"`
	Class  string `query:"class" enum:"matched,amount_differs,status_differs,missing_here,missing_there,duplicate_in_list" required:"true" doc:"Which rows."`
	Format string `query:"format" enum:"json,csv" default:"json" doc:"json gives a page; csv all rows of the class."`
}

// rowPage is a page of rows.
type rowPage struct {
	Data []json.RawMessage `json:"data"`
	Next string            `json:"next_cursor"`
}

func (r *reconciler) registerRows(h huma.API, s *schemas, path string) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	handleWritten(h, route{
		method: http.MethodGet, path: path + "/{id}/rows", id: "list-reconciliation-rows", tag: "Reconciliation",
		summary: "List what came out, line by line", roles: both, out: s.list("ReconciliationRowList", schemaOf[reconcile.Row](s)),
		text: "The rows of one class, in the order of the list, each with its reason. As csv all of them are streamed.",
	}, r.rows)
	rows := h.OpenAPI().Paths[path+"/{id}/rows"].Get
	rows.Responses["200"].Content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
}

func (r *reconciler) rows(ctx context.Context, in *rowsIn) (*answer, error) {
	found, err := r.find(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	reader, err := newRowReader(r.Reconciliations, found.ID, reconcile.Class(in.Class))
	if err != nil {
		return nil, err
	}
	defer reader.zstd.Close()
	if in.Format == "csv" {
		err := reader.sheet(ctx, in.x)
		if err != nil && in.x.status != 0 { // what was sent cannot be taken back: the client must notice
			in.x.broken, in.x.cause = true, err
			return nil, nil //nolint:nilnil // the answer is written
		}
		return nil, err
	}
	at, err := parseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, next, err := reader.page(ctx, int(max(at, 0)), in.Limit)
	if err != nil {
		return nil, err
	}
	out := rowPage{Data: rows}
	if next >= 0 {
		out.Next = cursor(int64(next))
	}
	return &answer{Body: out}, nil
}
