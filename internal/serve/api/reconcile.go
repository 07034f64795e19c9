package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/reconcile"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Comparable is what partners' lists are compared with.
type Comparable interface {
	// ReconcileConversions gives conversions, tests among them, in no order.
	ReconcileConversions(ctx context.Context, of reconcile.Scope, each func(reconcile.Conversion) error) error
	// VerdictsOfClicks gives the verdicts on signals that named one of the clicks.
	VerdictsOfClicks(ctx context.Context, clicks []txid.ID, each func(signal.Verdict) error) error
	// Rejections gives the verdicts on real signals that were rejected, received
	// from one time to another.
	Rejections(ctx context.Context, from, until time.Time, each func(signal.Verdict) error) error
}

// Reconciliations keeps comparisons for some months.
type Reconciliations interface {
	ReconciliationWriter
	Reconciliation(ctx context.Context, id string) (reconcile.Record, error)
	Reconciliations(ctx context.Context, f reconcile.Filter) (list []reconcile.Record, next string, err error)
	ReconciliationPart(ctx context.Context, id string, c reconcile.Class, number int) ([]byte, error)
}

// ReconciliationWriter keeps a comparison: its rows first, and then itself.
type ReconciliationWriter interface {
	AddReconciliationParts(ctx context.Context, id string, parts []reconcile.Part) error
	SaveReconciliation(ctx context.Context, r reconcile.Record) error
}

// reconciler compares lists, a few at once.
type reconciler struct {
	*API
	reception *reception
	compared  places
}

// reconciliationRecord is a comparison as the API shows it.
type reconciliationRecord struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty" doc:"What it was called when it was sent."`
	CreatedAt  time.Time         `json:"created_at"`
	KeptUntil  time.Time         `json:"kept_until"`
	Parameters map[string]string `json:"parameters" doc:"What was asked for."`
	comparison
}

// comparison is what came out, beside the rows.
type comparison struct {
	Summary  reconcile.Summary `json:"summary"`
	List     partnerListRecord `json:"list" doc:"How the list was understood."`
	RowsKept map[string]int    `json:"rows_kept" doc:"How many rows of each class can be read. The classes that differ come before those that agree, where there are too many to be kept."`
}

// partnerListRecord is how a list was understood.
type partnerListRecord struct {
	Lines        int                 `json:"lines"`
	Skipped      int                 `json:"skipped" doc:"Lines that sum up the others."`
	Columns      []reconcile.Column  `json:"columns" doc:"Where each field was found, and how."`
	Separator    string              `json:"separator"`
	Encoding     string              `json:"encoding"`
	DateOrder    string              `json:"date_order,omitempty" doc:"What was decided for dates such as 03/04/2026."`
	Decimal      string              `json:"decimal,omitempty" doc:"What parts the decimals."`
	Notes        []string            `json:"notes" doc:"What was decided for the whole list."`
	Problems     []reconcile.Problem `json:"problems" doc:"What could not be understood: the first hundred."`
	ProblemCount int                 `json:"problem_count"`
}

// listTrialRecord is the answer to a dry run.
type listTrialRecord struct {
	List   partnerListRecord      `json:"list"`
	Unsure string                 `json:"unsure,omitempty" doc:"What has to be said before the list can be compared."`
	First  []reconcile.Understood `json:"first" doc:"The first lines, as they were understood."`
}

func showList(l *reconcile.List) partnerListRecord {
	return partnerListRecord{
		Lines: len(l.Lines), Skipped: l.Skipped, Columns: l.Columns, Separator: l.Separator, Encoding: l.Encoding,
		DateOrder: string(l.Order), Decimal: string(l.Decimal), Notes: append([]string{}, l.Notes...),
		Problems: append([]reconcile.Problem{}, l.Problems...), ProblemCount: l.Troubled,
	}
}

// showReconciliation gives a comparison as it was kept.
func showReconciliation(r reconcile.Record) (reconciliationRecord, error) {
	shown := reconciliationRecord{ID: r.ID, Name: r.Name, CreatedAt: r.CreatedAt, KeptUntil: r.CreatedAt.Add(reconcile.Kept)}
	if err := json.Unmarshal(r.Parameters, &shown.Parameters); err != nil {
		return shown, err
	}
	return shown, json.Unmarshal(r.Summary, &shown.comparison)
}

// registerReconciliations adds the routes of comparisons with partners' lists.
func (a *API) registerReconciliations(h huma.API, s *schemas) {
	r := &reconciler{API: a, reception: newReception(), compared: newPlaces(comparedAtOnce)}
	both := []account.Role{account.Advertiser, account.Affiliate}
	whole := schemaOf[reconciliationRecord](s)
	type listIn struct {
		caller
		Paging
	}
	type uploadIn struct{ caller }
	const path = prefix + "/reconciliations"
	handleWritten(h, route{
		method: http.MethodPost, path: path, id: "create-reconciliation", tag: "Reconciliation", right: account.Read,
		summary: "Compare a partner's list with ours", roles: both, filters: uploadParams(), out: schemaOf[listTrialRecord](s),
		text: "The body is the list as CSV, up to 64 MiB and 1,000,000 lines: `text/csv`, or `multipart/form-data` with the file. " +
			"Columns are found by their names and contents, or told. Lines are matched by transaction ID, conversion ID and order ID, " +
			"never by likeness alone; every line and every conversion ends in one class with its reason. Rejected lines and conversions " +
			"count for nothing in the sums.\n\nAnswered with 200 and how the list is understood when `dry_run=true`, else with 201 and " +
			"the comparison, which is kept for 90 days. A partner's key sends one list at a time, and has up to 200 comparisons.",
	}, func(ctx context.Context, in *uploadIn) (*answer, error) { return nil, r.upload(ctx, in.x) })
	post := h.OpenAPI().Paths[path].Post
	text := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv": {Schema: text},
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": text}, Required: []string{"file"},
		}},
	}}
	post.Responses["200"].Description = "How the list is understood (dry_run=true)."
	post.Responses["201"] = &huma.Response{
		Description: "The comparison.", Content: map[string]*huma.MediaType{"application/json": {Schema: whole}},
	}
	handle(h, route{
		method: http.MethodGet, path: path, id: "list-reconciliations", tag: "Reconciliation",
		summary: "List comparisons with partners' lists", text: "Newest first. A partner's key sees those that it made.", roles: both,
		out: s.list("ReconciliationList", whole),
	}, func(ctx context.Context, in *listIn) (*answer, error) { return r.list(ctx, in.who(), in.Paging) })
	handle(h, route{
		method: http.MethodGet, path: path + "/{id}", id: "get-reconciliation", tag: "Reconciliation",
		summary: "Read one comparison", roles: both, out: whole,
	}, func(ctx context.Context, in *oneIn[string]) (*answer, error) { return r.get(ctx, in.who(), in.ID) })
	r.registerRows(h, s, path)
}

func uploadParams() []filterDoc {
	return []filterDoc{
		{name: "name", doc: "What to call the comparison, up to 200 letters."},
		{name: "dry_run", doc: "true: only say how the list is understood, with the first 20 lines."},
		{name: "side", doc: "Whose list it is: advertiser (sale amount and revenue are compared) or affiliate (payout is)."},
		{name: "advertiser_id", doc: "Whose list it is, for the network; else the offer or the transaction IDs in it tell."},
		{name: "affiliate_id", doc: "Whose list it is, for the network; else the transaction IDs in it tell."},
		{name: "offer_id", doc: "Compare this offer alone."},
		{name: "tz", doc: "The zone of the list's clock, an IANA name or an offset such as +03:00; UTC when left out."},
		{name: "from", doc: "The first day of the period (2026-11-01), by the list's clock. Left out: the list's first."},
		{name: "to", doc: "The last day of the period. Left out: the list's last."},
		{name: "columns", doc: "What the columns hold: transaction_id:Click ID,amount:Sale,time:#3. Left out: by their names and contents. " +
			"Fields: transaction_id, conversion_id, order_id, offer_id, amount, revenue, payout, currency, status, time, clock."},
		{name: "date_order", doc: "dmy or mdy, for dates such as 03/04/2026. Left out: as the column tells."},
		{name: "decimal", doc: "point or comma, for amounts such as 1,234. Left out: as the column tells."},
		{name: "currency", doc: "ISO 4217 code of amounts that name none."},
		{name: "status_words", doc: "What the list's statuses mean: shipped:approved,returned:rejected."},
	}
}
