package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/reconcile"
	"waybill/internal/txid"
)

// maxList bounds a partner's list, in bytes.
const maxList = 64 << 20

// How long one list may take: to come in, and to be compared.
const (
	receiving = 15 * time.Minute
	comparing = 15 * time.Minute
)

// isUpload reports whether a request's body is a list, which its handler reads
// by itself.
func isUpload(pattern string) bool {
	switch pattern {
	case "POST " + prefix + "/reconciliations", "POST " + idMapImportPath, "POST " + importPath:
		return true
	default:
		return false
	}
}

// task is one list that is to be compared, as it was asked for.
type task struct {
	name    string
	dry     bool
	said    map[string]string // the parameters
	reading reconcile.Reading
	params  reconcile.Params
	owner   reconcile.Owner
	who     account.Principal
}

// upload reads a list and compares it.
func (r *reconciler) upload(ctx context.Context, x *exchange) error {
	t, err := r.task(ctx, x)
	if err != nil {
		return err
	}
	if err := x.trial(t.dry); err != nil {
		return err
	}
	done, err := r.reception.begin(ctx, x.who, t.owner)
	if err != nil {
		return err
	}
	defer done()
	patient(x, receiving)
	text, err := receive(x)
	if err != nil {
		return err
	}
	patient(x, turnWithin+comparing)
	leave, err := r.turn(ctx, x.who)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(ctx, comparing, errTooLong)
	defer cancel()
	list, err := reconcile.Read(bytes.NewReader(text), t.reading)
	if err != nil {
		return err
	}
	if t.dry {
		out := listTrialRecord{List: showList(list), First: list.First(20, t.reading.Side)}
		if list.Unsure != nil {
			out.Unsure = list.Unsure.Error()
		}
		return x.sendDocument(http.StatusOK, out)
	}
	// The same key stands for the same list and the same parameters.
	var failed error
	digest := sha256.Sum256(text)
	x.once(ctx, append(digest[:], x.r.URL.RawQuery...), func() {
		if failed = r.compare(ctx, x, t, list); failed != nil && x.status == 0 {
			x.refuse(failed)
		}
	})
	return nil
}

// sendDocument answers with a document.
func (x *exchange) sendDocument(status int, v any) error {
	text, err := write(v)
	if err != nil {
		return fmt.Errorf("write %T as JSON: %w", v, err)
	}
	x.Header().Set("Content-Type", "application/json")
	x.WriteHeader(status)
	x.sendJSON(append(text, '\n'))
	return nil
}

// unreadable gives the answer to a body that broke off or is too large.
func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "The body is too large",
			fmt.Sprintf("A list may have up to %d MiB; send it in parts, such as a month each.", maxList>>20))
	}
	if fault.Of(err) == fault.Internal {
		return malformed("The body broke off.")
	}
	return err
}

// listOf gives the list in a request's body: all of it, or the file in a form.
func listOf(x *exchange) (io.Reader, error) {
	body := http.MaxBytesReader(x, x.r.Body, maxList)
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case media == "multipart/form-data":
		return fileOf(multipart.NewReader(body, params["boundary"]))
	case slices.Contains([]string{
		"text/csv", "text/plain", "text/tab-separated-values", "application/csv", "application/octet-stream", "application/vnd.ms-excel",
	}, media):
		return body, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body is not a list",
		"Send the list as CSV, with the header Content-Type: text/csv, or as the file in a multipart/form-data form.")
}

func fileOf(form *multipart.Reader) (io.Reader, error) {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, malformed("The form has no file; send the list as its part file.")
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if part.FileName() != "" || part.FormName() == "file" {
			return part, nil
		}
	}
}

// task reads the parameters, and finds all that is wrong with them.
func (r *reconciler) task(ctx context.Context, x *exchange) (task, error) {
	query := x.r.URL.Query()
	t := task{name: query.Get("name"), who: x.who, said: map[string]string{}}
	for name := range query {
		t.said[name] = query.Get(name)
	}
	ring := r.Catalog().Ring()
	t.reading.Verify = func(id txid.ID) bool {
		_, err := ring.Open(id)
		return err == nil
	}
	t.reading.Now = r.now()
	t.params.Open, t.params.AdvertiserOf, t.params.Insider = ring.Open, r.advertiserOf, x.who.IsNetwork()
	t.params.Zones = likelyZones()
	err := errors.Join(t.readNames(query), t.readWays(query), t.readPeriod(query), r.readSide(&t, query))
	if err != nil {
		return t, err
	}
	return t, r.learnWords(ctx, &t, query.Get("status_words"))
}

const maxName = 200

func (t *task) readNames(query url.Values) error {
	if len(t.name) > maxName {
		return fault.At("query.name", "is longer than %d letters", maxName)
	}
	var err error
	if text := query.Get("dry_run"); text != "" {
		if t.dry, err = strconv.ParseBool(text); err != nil {
			return fault.At("query.dry_run", "is neither true nor false")
		}
	}
	t.reading.Columns, err = reconcile.ParseColumns(query.Get("columns"))
	return err
}

// readWays reads how dates and numbers are written.
func (t *task) readWays(query url.Values) error {
	t.reading.Order = reconcile.DateOrder(query.Get("date_order"))
	t.reading.Decimal = reconcile.Decimal(query.Get("decimal"))
	var errs []error
	if o := t.reading.Order; o != "" && o != reconcile.DayFirst && o != reconcile.MonthFirst {
		errs = append(errs, fault.At("query.date_order", "is neither dmy nor mdy"))
	}
	if d := t.reading.Decimal; d != "" && d != reconcile.Point && d != reconcile.Comma {
		errs = append(errs, fault.At("query.decimal", "is neither point nor comma"))
	}
	if text := query.Get("currency"); text != "" {
		c, err := money.ParseCurrency(text)
		if err != nil {
			errs = append(errs, fault.Within("query.currency", err))
		}
		t.reading.Currency = c
	}
	return errors.Join(errs...)
}

func (t *task) readPeriod(query url.Values) error {
	zone, err := parseZone(query.Get("tz"))
	if err != nil {
		return err
	}
	t.reading.Zone, t.params.Zone = zone, zone
	var errs []error
	for _, end := range [...]struct {
		name string
		days int
		into *time.Time
	}{{"from", 0, &t.params.From}, {"to", 1, &t.params.Until}} {
		text := query.Get(end.name)
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			errs = append(errs, fault.At("query."+end.name, "is not a day: write it like 2026-11-01"))
			continue
		}
		*end.into = time.Date(day.Year(), day.Month(), day.Day()+end.days, 0, 0, 0, 0, zone)
	}
	if f, u := t.params.From, t.params.Until; !f.IsZero() && !u.IsZero() && !f.Before(u) {
		errs = append(errs, fault.At("query.to", "lies before from"))
	}
	return errors.Join(errs...)
}

// parseZone reads an IANA name, or an offset: +03:00, UTC+3.
func parseZone(text string) (*time.Location, error) {
	if text == "" {
		return time.UTC, nil
	}
	offset := strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "UTC"), "GMT")
	for _, layout := range [...]string{"-07:00", "-0700", "-07"} {
		if at, err := time.Parse(layout, offset); err == nil {
			_, seconds := at.Zone()
			return time.FixedZone("UTC"+at.Format("-07:00"), seconds), nil
		}
	}
	if loc, err := time.LoadLocation(text); err == nil && text != "Local" {
		return loc, nil
	}
	return nil, fault.At("query.tz", "%.60q is not a time zone; write it like Europe/Berlin or +03:00", text)
}

// likelyZones are those in which partners' systems run, beside UTC: their clocks
// change twice a year, so that no fixed offset fits.
func likelyZones() []*time.Location {
	var all []*time.Location
	for _, name := range [...]string{
		"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Europe/London",
		"Europe/Berlin", "Europe/Athens", "Asia/Jerusalem", "Australia/Sydney",
	} {
		if loc, err := time.LoadLocation(name); err == nil {
			all = append(all, loc)
		}
	}
	return all
}
