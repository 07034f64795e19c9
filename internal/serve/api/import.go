package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/report"
	"waybill/internal/signal"
)

const importPath = prefix + "/imports/conversions"

const (
	maxImport     = 4 << 30 // bytes of one file
	importsAtOnce = 2       // on one node, one of them a partner's
)

// importer takes files of conversions in, a few at once.
type importer struct {
	*API
	places places
}

// importOutcome is what became of one line.
type importOutcome struct {
	Line int `json:"line" doc:"Where it stands in the file; 1 is the line that names the columns."`
	signal.Verdict
}

// importProgress tells how far an import is.
type importProgress struct {
	Progress importPosition `json:"progress"`
}

type importPosition struct {
	Lines int   `json:"lines"`
	Bytes int64 `json:"bytes" doc:"How much of the file was read."`
	Of    int64 `json:"of" doc:"How long it is."`
}

// importSummary is the last line of an import's answer.
type importSummary struct {
	Summary importCounts `json:"summary"`
}

type importCounts struct {
	DryRun     bool   `json:"dry_run"`
	Lines      int    `json:"lines" doc:"Those that were dealt with."`
	Accepted   int    `json:"accepted"`
	Updated    int    `json:"updated"`
	Duplicate  int    `json:"duplicate"`
	Rejected   int    `json:"rejected"`
	Queued     int    `json:"queued" doc:"Written down, and judged later."`
	Unreadable int    `json:"unreadable" doc:"Lines that are no claim, and were not written down."`
	StoppedAt  int    `json:"stopped_at,omitempty" doc:"The line at which it ended before its time."`
	Because    string `json:"because,omitempty" doc:"Why it did."`
}

func (a *API) registerImports(h huma.API, s *schemas) {
	i := &importer{API: a, places: newPlaces(importsAtOnce)}
	type importIn struct{ caller }
	handleWritten(h, route{
		method: http.MethodPost, path: importPath, id: "import-conversions", tag: "Conversions", right: account.Read, sheets: true,
		summary: "Import conversions from a file", roles: []account.Role{account.Advertiser}, filters: importParams(),
		out: schemaOf[importOutcome](s),
		text: "The body is CSV of up to 4 GiB: `text/csv`, or `multipart/form-data` with the file. The first line names the columns by " +
			"the names and aliases of a postback's parameters; what parts them is found out. A line is a claim like a postback's, " +
			"on the channel `import`: by transaction ID, order ID, or whatever else the offer credits by. It is written down, judged, " +
			"and answered for with its number, in the order of the file. A file that is sent twice counts once: a line without `order_id`, " +
			"`hit_id` and `conversion_id` is known again by what it says, so that two equal lines are one.\n\n" +
			"Answered with 200 and row by row, as ndjson or csv, once the file is whole; `progress` lines in between tell how far it is, " +
			"and a `summary` ends it (in csv the trailers do). What ends an import early is told there, and the same file goes on from its line.",
	}, func(ctx context.Context, in *importIn) (*answer, error) { return nil, i.take(ctx, in.x) })
	post := h.OpenAPI().Paths[importPath].Post
	acceptList(post)
	post.Parameters = slices.DeleteFunc(post.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" })
	post.Responses["200"].Content = map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/x-ndjson": {Schema: &huma.Schema{OneOf: []*huma.Schema{
			schemaOf[importOutcome](s), schemaOf[importProgress](s), schemaOf[importSummary](s),
		}}},
	}
}

func importParams() []filterDoc {
	return []filterDoc{
		{name: "dry_run", doc: "true: only say what would become of each line. Nothing is written down."},
		{name: "columns", doc: "What columns hold whose names do not say it: order_id:Order No,amount:Total."},
		{name: "outcomes", doc: "all (default), or rejected: only the lines that came to nothing."},
		{name: "from_line", doc: "Begin at this line of the file."},
		{name: "offer_id", doc: "The offer of all lines that name none, where they have no transaction ID."},
		{name: "goal", doc: "The goal of all lines that name none."},
		{name: "currency", doc: "The currency of all lines that name none."},
		{name: "test", doc: "1: all lines are test traffic."},
		{name: "format", doc: "ndjson (default) or csv."},
	}
}

// importOptions is how a file is taken.
type importOptions struct {
	dry, onlyRejected bool
	columns, fixed    map[string]string
	fromLine          int
	format            report.Format
}

func readImportOptions(x *exchange) (o importOptions, err error) {
	query := x.r.URL.Query()
	o = importOptions{fixed: map[string]string{}, format: report.Format(query.Get("format"))}
	if o.format == "" {
		o.format = report.NDJSON
	}
	if o.format != report.NDJSON && o.format != report.CSV {
		return o, fault.At("query.format", "%.40q is not a format here; use ndjson or csv", o.format)
	}
	if text := query.Get("dry_run"); text != "" {
		if o.dry, err = strconv.ParseBool(text); err != nil {
			return o, fault.At("query.dry_run", "is neither true nor false")
		}
	}
	switch query.Get("outcomes") {
	case "", "all":
	case "rejected":
		o.onlyRejected = true
	default:
		return o, fault.At("query.outcomes", "is neither all nor rejected")
	}
	if text := query.Get("from_line"); text != "" {
		if o.fromLine, err = strconv.Atoi(text); err != nil || o.fromLine < 2 {
			return o, fault.At("query.from_line", "is not the number of a line behind the first")
		}
	}
	for _, name := range [...]string{"offer_id", "goal", "currency", "test"} {
		if value := query.Get(name); value != "" {
			o.fixed[name] = value
		}
	}
	o.columns, err = importColumns(query.Get("columns"))
	return o, err
}

// importColumns reads what a caller says about columns, in pairs of a parameter
// and a column's name. A column's name is looked for without regard to case.
func importColumns(text string) (map[string]string, error) {
	told := map[string]string{}
	if strings.TrimSpace(text) == "" {
		return told, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, column, ok := strings.Cut(pair, ":")
		name, column = strings.TrimSpace(name), strings.ToLower(strings.TrimSpace(column))
		if _, known := param.Signal.Find(name); !known {
			return nil, fault.At("query.columns", "%.40q is not a parameter of a postback", name)
		}
		if !ok || column == "" {
			return nil, fault.At("query.columns", "say which column holds %s: %s:Name", name, name)
		}
		if _, twice := told[column]; twice {
			return nil, fault.At("query.columns", "tells twice what column %.60q holds", column)
		}
		told[column] = name
	}
	return told, nil
}

// take receives a file, and has its lines judged.
func (i *importer) take(ctx context.Context, x *exchange) error {
	o, err := readImportOptions(x)
	if err != nil {
		return err
	}
	if err := x.trial(o.dry); err != nil {
		return err
	}
	now, cancel := context.WithCancel(ctx)
	cancel()
	leave, ok := i.places.enter(now, x.who)
	if !ok {
		return fault.New(fault.Limited, "this node takes %d files in already, as many as it may at once, of which partners have %d; send this one again in a while",
			cap(i.places.slots), cap(i.places.partners))
	}
	defer leave()
	file, size, err := i.spool(x)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it is only read, and gone afterwards
	unhurried(x)
	lines, err := openImport(file, o.columns, o.fixed)
	if err != nil {
		return err
	}
	lines.secret = i.Catalog().Settings().IdentityKey
	run := &importRun{importer: i, options: o, lines: lines, size: size, counts: importCounts{DryRun: o.dry}}
	run.file = file
	run.out = chunked{x: x, sent: time.Now(), head: run.head}
	return run.all(ctx)
}

// spool takes a file in as a whole, before any of it is judged: most clients read
// no answer before they have sent everything. It lies on disk, without a name.
func (i *importer) spool(x *exchange) (file *os.File, size int64, err error) {
	body, err := fileIn(x)
	if err != nil {
		return nil, 0, err
	}
	file, err = os.CreateTemp(i.SpoolDir, "import-*")
	if err != nil {
		return nil, 0, fmt.Errorf("make a file for an import: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, 0, fmt.Errorf("take the name off an import's file: %w", err)
	}
	if size, err = i.receive(x, file, body); err != nil {
		return nil, 0, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, size, err
}

// unhurried lets the work on a request that was read take as long as it takes. The
// server would else give it up when the time to read the request is over.
func unhurried(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // one without deadlines has none to lift
}

// receive copies a body to disk, as slowly as it comes, as long as there is room.
func (i *importer) receive(x *exchange, file io.Writer, body io.Reader) (size int64, err error) {
	clock := http.NewResponseController(x)
	for {
		if i.Room != nil {
			if err := i.Room(); err != nil {
				return size, err
			}
		}
		_ = clock.SetReadDeadline(time.Now().Add(stall)) // one without deadlines has none to extend
		n, err := io.CopyN(spool{file}, body, 1<<20)
		size += n
		switch {
		case size > maxImport:
			return size, refuse(http.StatusRequestEntityTooLarge, "too_large", "The body is too large",
				fmt.Sprintf("A file may have up to %d GiB; send it in parts.", maxImport>>30))
		case err == io.EOF: //nolint:errorlint // as io.CopyN gives it
			return size, nil
		case err != nil && fault.Of(err) == fault.Internal:
			return size, malformed("The body broke off.")
		case err != nil:
			return size, err
		}
	}
}

// spool writes a file that is being received. What the disk does not take is no
// fault of whoever sends it.
type spool struct{ io.Writer }

func (s spool) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		return n, fault.New(fault.Unavailable, "the file cannot be kept here for now: %s; nothing of it was counted, send it again later", err)
	}
	return n, nil
}

// fileIn gives the file in a request's body: all of it, or the file in a form.
func fileIn(x *exchange) (io.Reader, error) {
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case media == "multipart/form-data":
		return fileOf(multipart.NewReader(x.r.Body, params["boundary"]))
	case slices.Contains([]string{
		"text/csv", "text/plain", "text/tab-separated-values", "application/csv", "application/octet-stream", "application/vnd.ms-excel",
	}, media):
		return x.r.Body, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body is not a file of conversions",
		"Send it as CSV, with the header Content-Type: text/csv, or as the file in a multipart/form-data form.")
}
