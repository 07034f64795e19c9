package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const version1 = "1"

const about = `Configuration, and everything that is known about what came in and what became of it.

**Keys.** ` + "`Authorization: Bearer KEY`" + `. A key of the network sees all; an affiliate's or an advertiser's sees what is theirs, and anything else as if it did not exist.

**Users** who are logged in to the console call it with their session's cookie, where no key is sent. Owners may do everything; managers all but administer; analysts only look, and secrets are kept from them; users of advertisers and affiliates are what the keys of these are.

**View as.** The network looks with a partner's eyes by ` + "`Waybill-View-As: advertiser:12` or `affiliate:7`" + `: a GET is answered exactly as that partner's key would be, and anything else is refused.

**Errors** are ` + "`application/problem+json`" + ` (RFC 9457); ` + "`errors`" + ` names every place that is wrong.

**Lists** take ` + "`limit` and `cursor`" + ` and answer ` + "`{\"data\":[…],\"next_cursor\":\"…\"}`" + `.

**Answers** of more than a kilobyte are squeezed with gzip where ` + "`Accept-Encoding`" + ` asks for it, but for those to changes and those that show secrets.

**Changes** are JSON Merge Patch (RFC 7396). ` + "`If-Match`" + ` with an earlier ETag guards against overwriting somebody else's.

**POST** takes an ` + "`Idempotency-Key`" + `: sent again with the same key and body, a request is answered again and done once.

Money is ` + "`{\"amount\":\"12.50\",\"currency\":\"USD\"}`" + `, spans of time are ` + "`30d` or `12h30m`" + `, times are RFC 3339 in UTC.`

// register adds all routes and the description to mux, and gives the description.
func (a *API) register(mux *http.ServeMux) *huma.OpenAPI {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Waybill", Version: version1, Description: about,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: "__Host-waybill", Description: "A log-in to the console. Over plain HTTP the cookie is called waybill_session."},
					"key":     {Type: "http", Scheme: "bearer", Description: "An API key, made by `waybill key create` or POST /api/v1/keys."},
				},
			},
			Security: []map[string][]string{{"key": {}}, {"session": {}}},
			Tags:     tags(),
		},
		Formats: map[string]huma.Format{
			"application/json": huma.DefaultJSONFormat,
			"json":             huma.DefaultJSONFormat, // for application/problem+json
		},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{translate},
	}
	h := humago.New(mux, config)
	s := newSchemas(h.OpenAPI().Components.Schemas)
	s.problem()
	a.registerCatalog(h, s)
	a.registerTracking(h, s)
	a.registerAccess(h, s)
	a.registerIntegration(h, s)
	a.registerSnippets(h, s)
	a.registerTemplates(h, s)
	a.registerPostbacks(h, s)
	a.registerRecords(h, s)
	a.registerReplay(h, s)
	a.registerCauses(h, s)
	a.registerConversions(h, s)
	a.registerReview(h, s)
	a.registerDeliveries(h, s)
	a.registerDeadLetters(h, s)
	a.registerJobs(h, s)
	a.registerDestinations(h, s)
	a.registerPostbackTemplates(h, s)
	a.registerTrace(h, s)
	a.registerBooks(h, s)
	a.registerPacing(h, s)
	reports := newReporter(a)
	reports.registerReports(h, s)
	reports.registerLists(h, s)
	a.registerConsole(h, s, reports)
	a.registerReconciliations(h, s)
	a.registerKeys(h, s)
	a.registerSettings(h, s)
	a.registerIDMap(h, s)
	a.registerPeople(h, s)
	for _, own := range [...]string{"ErrorModel", "ErrorDetail"} { // huma's, which translate replaces
		delete(s.all, own)
	}
	serveDescription(mux, h.OpenAPI())
	return h.OpenAPI()
}

// problem describes what every route may answer.
func (s *schemas) problem() {
	s.types["Problem"] = reflect.TypeFor[problem]()
	s.all["Problem"] = s.object(reflect.TypeFor[problem](), reflect.Value{})
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "Advertisers", Description: "The side that pays."},
		{Name: "Affiliates", Description: "The side that sends visitors."},
		{Name: "Offers", Description: "What is paid for, and the links to it."},
		{Name: "Terms", Description: "Special prices."},
		{Name: "Links", Description: "Short links."},
		{Name: "Postbacks", Description: "Who is told of what, and what is owed to whom."},
		{Name: "Records", Description: "What came in, and what became of it."},
		{Name: "Conversions", Description: "What was done and is paid for."},
		{Name: "Money", Description: "Entries and balances."},
		{Name: "Reports", Description: "Sums over what came in and what became of it."},
		{Name: "Reconciliation", Description: "Partners' lists, compared with ours."},
		{Name: "Administration", Description: "Users, keys, settings and domains, and who did what."},
	}
}

// serveDescription serves the description in both forms, without a key: it
// holds nothing that the source does not. Each is written when it is first asked
// for, as it seldom is: that takes longer than to register all routes.
func serveDescription(mux *http.ServeMux, o *huma.OpenAPI) {
	for _, f := range [...]struct {
		ending, media string
		write         func() ([]byte, error)
	}{
		{".json", "application/openapi+json", func() ([]byte, error) { return json.Marshal(o) }},
		{".yaml", "application/openapi+yaml", o.YAML},
	} {
		written := sync.OnceValues(f.write)
		mux.HandleFunc("GET "+prefix+"/openapi"+f.ending, func(w http.ResponseWriter, _ *http.Request) {
			x, ok := w.(*exchange)
			text, err := written()
			if err != nil && ok {
				x.refuse(fmt.Errorf("write description: %w", err))
				return
			}
			w.Header().Set("Content-Type", f.media)
			if _, err := w.Write(text); err != nil && ok {
				x.cause = fmt.Errorf("write description: %w", err)
			}
		})
	}
}

// isPublic reports whether a route may be had without a key.
func isPublic(pattern string) bool {
	return strings.HasPrefix(pattern, "GET "+prefix+"/openapi.") || pattern == "GET "+prefix+"/shared"
}
