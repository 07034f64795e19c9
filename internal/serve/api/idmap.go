package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/tune"
)

// IDMap keeps what TUNE's numbers mean here.
type IDMap interface {
	// PutIDMap adds mappings, puts them in place of earlier ones, and takes away
	// those that name nothing here: all of them or none. It gives what became of
	// each.
	PutIDMap(ctx context.Context, by account.Principal, all []tune.Mapping) ([]tune.Outcome, error)
	// IDMap lists mappings of one kind, or of all, behind one of them.
	IDMap(ctx context.Context, of tune.Kind, after tune.Mapping, limit int) ([]tune.Mapping, error)
}

// Bounds on one import.
const (
	mostMappings   = 100_000 // lines of a list
	mappingsAtOnce = 500     // in one change of the catalog
	importing      = 10 * time.Minute
)

const idMapImportPath = prefix + "/imports/id_map"

// idMapRecord is the answer to an import.
type idMapRecord struct {
	DryRun    bool            `json:"dry_run"`
	Lines     int             `json:"lines" doc:"How many were read, without the first."`
	Added     int             `json:"added"`
	Replaced  int             `json:"replaced"`
	Unchanged int             `json:"unchanged"`
	Removed   int             `json:"removed"`
	Refused   int             `json:"refused"`
	Stopped   string          `json:"stopped,omitempty" doc:"Why the list was not read to its end."`
	Outcomes  []idMapLineDone `json:"outcomes" doc:"What became of each line."`
}

// idMapLineDone is what became of one line.
type idMapLineDone struct {
	Line int `json:"line"`
	tune.Mapping
	Outcome tune.Outcome `json:"outcome" doc:"added, replaced, unchanged, removed or refused."`
	Message string       `json:"message,omitempty" doc:"What was wrong."`
}

func (a *API) registerIDMap(h huma.API, s *schemas) {
	type listIn struct {
		caller
		Paging
	}
	type importIn struct{ caller }
	handle(h, route{
		method: http.MethodGet, path: prefix + "/id_map", id: "list-id-map", tag: "Administration",
		summary: "List TUNE's numbers", text: "What the numbers in links and postbacks that were made for TUNE mean here.",
		filters: []filterDoc{{name: "kind", doc: "Only of this kind: advertiser, affiliate, goal, offer or offer_url."}},
		out:     s.list("IDMapList", schemaOf[tune.Mapping](s)),
	}, func(ctx context.Context, in *listIn) (*answer, error) { return a.listIDMap(ctx, in.x, in.Paging) })
	handleWritten(h, route{
		method: http.MethodPost, path: idMapImportPath, id: "import-id-map", tag: "Administration", right: account.Read,
		summary: "Import TUNE's numbers", out: schemaOf[idMapRecord](s),
		filters: []filterDoc{{name: "dry_run", doc: "true: say what would become of each line, and keep nothing."}},
		text: "The body is CSV with the columns `kind`, `tune_id`, `waybill_id` and, for landing pages, `url`: up to 100,000 lines as " +
			"`text/csv`, or as the file in `multipart/form-data`. A line adds what a number means, or replaces it; one without a " +
			"`waybill_id` takes it away. A line that is wrong is refused with its reason, and the others count. Sent again, the same " +
			"list changes nothing.",
	}, func(ctx context.Context, in *importIn) (*answer, error) {
		return nil, a.importIDMap(ctx, in.x)
	})
	acceptList(h.OpenAPI().Paths[idMapImportPath].Post)
}

// acceptList describes a body that is a list.
func acceptList(o *huma.Operation) {
	text := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv": {Schema: text},
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": text}, Required: []string{"file"},
		}},
	}}
}

func (a *API) listIDMap(ctx context.Context, x *exchange, p Paging) (*answer, error) {
	after, err := parseCursor[string](p.Cursor)
	if err != nil {
		return nil, err
	}
	kind := tune.Kind(x.r.URL.Query().Get("kind"))
	if kind != "" && !kind.Known() {
		return nil, fault.At("query.kind", "is none of advertiser, affiliate, goal, offer and offer_url")
	}
	var behind tune.Mapping
	of, number, _ := strings.Cut(after, " ")
	behind.Kind, behind.TuneID = tune.Kind(of), number
	all, err := a.IDMap.IDMap(ctx, kind, behind, p.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(all) > p.Limit {
		all = all[:p.Limit]
		last := all[len(all)-1]
		next = cursor(string(last.Kind) + " " + last.TuneID)
	}
	return answerList(all, next, func(m *tune.Mapping) (object, error) { return objectOf(m) })
}

// importIDMap reads a list line by line, and keeps it in parts.
func (a *API) importIDMap(ctx context.Context, x *exchange) error {
	i := idMapImport{API: a, who: x.who, out: idMapRecord{Outcomes: []idMapLineDone{}}}
	if text := x.r.URL.Query().Get("dry_run"); text != "" {
		var err error
		if i.out.DryRun, err = strconv.ParseBool(text); err != nil {
			return fault.At("query.dry_run", "is neither true nor false")
		}
	}
	if err := x.trial(i.out.DryRun); err != nil {
		return err
	}
	patient(x, importing)
	body, err := listOf(x)
	if err != nil {
		return err
	}
	lines, err := tune.NewReader(body)
	if err != nil {
		return unreadable(err)
	}
	if err := i.read(ctx, lines); err != nil {
		return err
	}
	if !i.out.DryRun {
		a.changed(ctx)
	}
	return x.sendDocument(http.StatusOK, i.out)
}

// idMapImport is one list on its way in.
type idMapImport struct {
	*API
	who  account.Principal
	out  idMapRecord
	good []tune.Mapping // read, and not kept yet
	at   []int          // where in out they stand
	// tried is what a dry run would have made of the numbers so far.
	tried map[tune.Mapping]*tune.Mapping
}

func (i *idMapImport) read(ctx context.Context, lines *tune.Reader) error {
	for {
		line, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return i.keep(ctx)
		case err != nil && i.out.Lines == 0:
			return unreadable(err)
		case err != nil:
			i.out.Stopped = unreadable(err).Error()
			return i.keep(ctx)
		case i.out.Lines == mostMappings:
			i.out.Stopped = "a list may have 100,000 lines; send the rest as another"
			return i.keep(ctx)
		}
		i.take(line)
		if len(i.good) == mappingsAtOnce {
			if err := i.keep(ctx); err != nil {
				return err
			}
		}
	}
}

// take looks at a line. One that is good waits for others to be kept with.
func (i *idMapImport) take(line tune.Line) {
	i.out.Lines++
	done := idMapLineDone{Line: line.Number, Mapping: line.Mapping}
	err := line.Err
	if err == nil {
		err = i.there(&line.Mapping)
	}
	if err != nil {
		done.Outcome, done.Message = tune.Refused, err.Error()
		i.out.Refused++
	} else {
		i.good, i.at = append(i.good, line.Mapping), append(i.at, len(i.out.Outcomes))
	}
	i.out.Outcomes = append(i.out.Outcomes, done)
}

// there reports what a mapping names and is not there.
func (i *idMapImport) there(m *tune.Mapping) error {
	if m.Removes() {
		return nil
	}
	c := i.Catalog()
	var found bool
	switch m.Kind {
	case tune.Advertiser:
		_, found = c.Advertiser(m.WaybillID)
	case tune.Affiliate:
		_, found = c.Affiliate(m.WaybillID)
	case tune.Offer:
		_, found = c.Offer(m.WaybillID)
	case tune.Goal:
		_, found = c.Goal(m.WaybillID)
	case tune.OfferURL:
		return i.reachable(m)
	}
	if !found {
		return fault.At("waybill_id", "there is no %s %d", m.Kind, m.WaybillID)
	}
	return nil
}

// reachable reports why visitors of an offer cannot be sent to a landing page.
func (i *idMapImport) reachable(m *tune.Mapping) error {
	o, ok := i.Catalog().Offer(m.WaybillID)
	if !ok {
		return fault.At("waybill_id", "there is no offer %d", m.WaybillID)
	}
	u, err := url.Parse(m.URL)
	if err != nil || !offer.HostAllowed(o.DeepLinkHosts, u.Hostname()) {
		return fault.At("url", "its host is none of the deep_link_hosts of offer %d; add it there first", o.ID)
	}
	return nil
}

// keep keeps what is waiting, unless the import is only tried.
func (i *idMapImport) keep(ctx context.Context) error {
	var outcomes []tune.Outcome
	if i.out.DryRun {
		outcomes = i.trial()
	} else if len(i.good) > 0 {
		var err error
		if outcomes, err = i.IDMap.PutIDMap(ctx, i.who, i.good); err != nil {
			return err
		}
	}
	for n, outcome := range outcomes {
		i.out.Outcomes[i.at[n]].Outcome = outcome
		switch outcome {
		case tune.Added:
			i.out.Added++
		case tune.Replaced:
			i.out.Replaced++
		case tune.Removed:
			i.out.Removed++
		default:
			i.out.Unchanged++
		}
	}
	i.good, i.at = i.good[:0], i.at[:0]
	return nil
}

// trial says what would become of what is waiting, by the configuration as this
// node has it and the lines before.
func (i *idMapImport) trial() []tune.Outcome {
	if i.tried == nil {
		i.tried = map[tune.Mapping]*tune.Mapping{}
	}
	outcomes := make([]tune.Outcome, len(i.good))
	for n := range i.good {
		m := i.good[n]
		number := tune.Mapping{Kind: m.Kind, TuneID: m.TuneID}
		was, seen := i.tried[number]
		if !seen {
			was, _ = i.Catalog().TuneIDs().Find(m.Kind, m.TuneID)
		}
		outcomes[n] = m.Against(was)
		i.tried[number] = &m
		if m.Removes() {
			i.tried[number] = nil
		}
	}
	return outcomes
}
