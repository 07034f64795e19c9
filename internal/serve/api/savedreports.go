package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/savedreport"
)

// SavedReports keeps reports for those who ask them again.
type SavedReports interface {
	// SavedReports gives those of a user on one side, and those shared there.
	SavedReports(ctx context.Context, side savedreport.Side, userID int64) ([]savedreport.Report, error)
	AddSavedReport(ctx context.Context, r savedreport.Report) (savedreport.Report, error)
	// An error of change and of may is returned as it is, and nothing happens then.
	ChangeSavedReport(ctx context.Context, id int64, change func(*savedreport.Report) error) (savedreport.Report, error)
	DeleteSavedReport(ctx context.Context, id int64, may func(*savedreport.Report) error) error
}

// savedRecord is a saved report as the caller sees it.
type savedRecord struct {
	ID        int64     `json:"id" readOnly:"true"`
	Name      string    `json:"name" maxLength:"200"`
	Query     string    `json:"query,omitempty" maxLength:"4096" doc:"The query of the page that shows it, as it stands in its URL: dimensions=offer&metrics=clicks."`
	Shared    bool      `json:"shared" doc:"Everybody on the same side sees it: the network's team, or all users of the same advertiser or affiliate."`
	OwnerName string    `json:"owner_name" readOnly:"true" doc:"Whose it is."`
	Mine      bool      `json:"mine" readOnly:"true" doc:"The caller may change it."`
	UpdatedAt time.Time `json:"updated_at" readOnly:"true"`
}

func showSaved(who account.Principal, r *savedreport.Report) savedRecord {
	return savedRecord{
		ID: r.ID, Name: r.Name, Query: r.Query, Shared: r.Shared, OwnerName: r.OwnerName, Mine: r.IsOf(who),
		UpdatedAt: r.UpdatedAt,
	}
}

func (a *API) registerSavedReports(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	read, create, change := s.document("SavedReport", savedRecord{})
	handle(h, route{
		method: http.MethodGet, path: prefix + "/saved_reports", id: "list-saved-reports", tag: "Reports",
		summary: "List saved reports", roles: both, out: s.list("SavedReportList", read),
		text: "One's own, and those that others on the same side share. They belong to users: a key has none.",
	}, a.listSavedReports)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/saved_reports", id: "create-saved-report", tag: "Reports", right: account.Read, status: http.StatusCreated,
		summary: "Save a report", roles: both, in: create, out: read,
		example: `{"name":"Offers this month","query":"dimensions=offer&metrics=clicks,conversions&range=month","shared":true}`,
		text:    "For users who are logged in. Up to 200 each.",
	}, a.createSavedReport)
	handle(h, route{
		method: http.MethodPatch, path: prefix + "/saved_reports/{id}", id: "change-saved-report", tag: "Reports", right: account.Read,
		summary: "Change a saved report", roles: both, in: change, out: read, example: `{"shared":true}`,
		text: "By the rules of JSON Merge Patch (RFC 7396). Only its owner may.",
	}, a.changeSavedReport)
	handle(h, route{
		method: http.MethodDelete, path: prefix + "/saved_reports/{id}", id: "delete-saved-report", tag: "Reports", right: account.Read,
		summary: "Delete a saved report", roles: both, out: read,
		text: "Its owner may, and whoever administers the network's side one that is shared there.",
	}, a.deleteSavedReport)
}

func (a *API) listSavedReports(ctx context.Context, in *listIn) (*answer, error) {
	after, err := parseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	out := page{Data: []object{}}
	who := in.who()
	if who.UserID == 0 {
		return &answer{Body: out}, nil
	}
	all, err := a.SavedReports.SavedReports(ctx, savedreport.SideOf(who), who.UserID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID <= after || !all[i].SeenBy(who) {
			continue
		}
		if len(out.Data) == in.Limit {
			out.Next = cursor(after)
			break
		}
		o, err := objectOf(showSaved(who, &all[i]))
		if err != nil {
			return nil, err
		}
		out.Data, after = append(out.Data, o), all[i].ID
	}
	return &answer{Body: out}, nil
}

func (a *API) createSavedReport(ctx context.Context, in *makeIn) (*answer, error) {
	who := in.who()
	if err := maySave(who); err != nil {
		return nil, err
	}
	var given savedRecord
	if err := merge(&given, savedRecord{}, in.RawBody); err != nil {
		return nil, err
	}
	r := savedreport.Report{UserID: who.UserID, Side: savedreport.SideOf(who)}
	if err := given.into(&r); err != nil {
		return nil, err
	}
	kept, err := a.SavedReports.AddSavedReport(ctx, r)
	if err != nil {
		return nil, err
	}
	return &answer{Location: fmt.Sprintf("%s/saved_reports/%d", prefix, kept.ID), Body: showSaved(who, &kept)}, nil
}

// maySave refuses those who have no saved reports. To save one changes nothing
// that others see, so whoever reads may.
func maySave(who account.Principal) error {
	switch {
	case who.UserID == 0:
		return fault.New(fault.Forbidden, "saved reports belong to users; log in to the console, or keep the query with your program")
	case who.ViewAs:
		return fault.New(fault.Forbidden, "leave view-as first")
	default:
		return nil
	}
}

// into puts what was given into a saved report, and checks it.
func (g *savedRecord) into(r *savedreport.Report) error {
	r.Name, r.Query, r.Shared = strings.TrimSpace(g.Name), strings.TrimPrefix(g.Query, "?"), g.Shared
	return r.Validate()
}

func (a *API) changeSavedReport(ctx context.Context, in *changeIn[int64]) (*answer, error) {
	who := in.who()
	if err := maySave(who); err != nil {
		return nil, err
	}
	kept, err := a.SavedReports.ChangeSavedReport(ctx, in.ID, func(r *savedreport.Report) error {
		if !r.SeenBy(who) {
			return noSavedReport(in.ID)
		}
		if !r.IsOf(who) {
			return fault.New(fault.Forbidden, "saved report %d is another's; save it under a name of your own", in.ID)
		}
		given := showSaved(who, r)
		if err := merge(&given, savedRecord{}, in.RawBody); err != nil {
			return err
		}
		return given.into(r)
	})
	if fault.Of(err) == fault.NotFound {
		err = noSavedReport(in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &answer{Body: showSaved(who, &kept)}, nil
}

func (a *API) deleteSavedReport(ctx context.Context, in *oneIn[int64]) (*answer, error) {
	who := in.who()
	if err := maySave(who); err != nil {
		return nil, err
	}
	var gone savedRecord
	err := a.SavedReports.DeleteSavedReport(ctx, in.ID, func(r *savedreport.Report) error {
		if !r.SeenBy(who) {
			return noSavedReport(in.ID)
		}
		if !r.ClearedBy(who) {
			return fault.New(fault.Forbidden, "saved report %d is another's", in.ID)
		}
		gone = showSaved(who, r)
		return nil
	})
	if fault.Of(err) == fault.NotFound {
		err = noSavedReport(in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &answer{Body: gone}, nil
}

// noSavedReport is what is said of one that is not there, or not to be seen.
func noSavedReport(id int64) error {
	return fault.New(fault.NotFound, "there is no saved report %d", id)
}
