package edge_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/host"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// TUNE's numbers in these tests, where they differ from ours.
const (
	tuneOffer = 1001 // mainOffer
	tuneBlog  = 2002
	tuneGoal  = 17 // depositGoal
)

// depositGoal is a goal of mainOffer, which has a name of more than one word.
const depositGoal = 51

// oldID is an ID that TUNE gave to a click, as its help writes it.
const oldID = "1027c887059b47bc69c699f45466b9"

// moved is a network that came from TUNE.
func moved(s *catalog.Source) {
	g := offer.NewGoal(mainOffer)
	g.ID, g.Code, g.Name = depositGoal, "deposit", "First Deposit"
	s.Goals = append(s.Goals, g)
	s.IDMap = []tune.Mapping{
		{Kind: tune.Offer, TuneID: strconv.Itoa(tuneOffer), WaybillID: mainOffer},
		{Kind: tune.Offer, TuneID: "6", WaybillID: plainOffer},
		{Kind: tune.Affiliate, TuneID: strconv.Itoa(tuneBlog), WaybillID: blog},
		{Kind: tune.Goal, TuneID: strconv.Itoa(tuneGoal), WaybillID: depositGoal},
		{Kind: tune.Goal, TuneID: "60", WaybillID: 60}, // plainOffer's default
		{Kind: tune.OfferURL, TuneID: "2", WaybillID: mainOffer, URL: "https://shop.example/two"},
		{Kind: tune.OfferURL, TuneID: "3", WaybillID: mainOffer, URL: "https://evil.example/"},
		{Kind: tune.Advertiser, TuneID: "5679", WaybillID: 3},
		{Kind: tune.Advertiser, TuneID: "9", WaybillID: 4},
	}
}

func TestTuneClick(t *testing.T) {
	w := newWorld(t, moved)
	rec := w.get("/aff_c?offer_id=1001&aff_id=2002&aff_sub=a&aff_sub2=b&aff_unique1=u&aff_click_id=c1&source=news&file_id=968")
	c := w.click()
	if rec.Code != http.StatusFound || rec.Header().Get("Location") != "https://shop.example/l?wb="+c.ID.String()+"&aff=7&s1=a&c=c1" {
		t.Errorf("answered with %d, Location %q", rec.Code, rec.Header().Get("Location"))
	}
	got := []string{c.Sub[0], c.Sub[1], c.Sub[5], c.Sub[9], c.AffClickID, c.Source}
	if want := []string{"a", "b", "u", "968", "c1", "news"}; !slices.Equal(got, want) || c.OfferID != mainOffer || c.AffiliateID != blog || c.TurnedAway != click.Sent {
		t.Errorf("recorded %v of offer %d, affiliate %d, turned away %q; want %v", got, c.OfferID, c.AffiliateID, c.TurnedAway, want)
	}
}

func TestTuneClickAsJSON(t *testing.T) {
	w := newWorld(t, moved)
	rec := w.get("/aff_c?offer_id=1001&aff_id=2002&format=json")
	var got struct {
		ID  string `json:"transaction_id"`
		URL string `json:"url"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if id := w.click().ID.String(); rec.Code != http.StatusOK || got.ID != id || !strings.Contains(got.URL, id) {
		t.Errorf("answered with %d, %s; want the click %s", rec.Code, rec.Body, id)
	}
}

func TestTuneClickGoesWhereTheCatalogSays(t *testing.T) {
	tests := []struct {
		name, query string
		location    string // how it begins
		turnedAway  click.Reason
	}{
		{"to a landing page that was imported", "offer_id=1001&aff_id=2002&url_id=2", "https://shop.example/two?wb=", click.Sent},
		{"to the offer's own page by a number that was not", "offer_id=1001&aff_id=2002&url_id=77", "https://shop.example/l?wb=", click.Sent},
		{"to the offer's own page when the landing page's host is not the offer's", "offer_id=1001&aff_id=2002&url_id=3", "https://shop.example/l?wb=", click.Sent},
		{"by a deep link to the offer's host", "offer_id=1001&aff_id=2002&url=https%3A%2F%2Fde.shop.example%2Fx", "https://de.shop.example/x?wb=", click.Sent},
		{"nowhere by Waybill's own number of an offer", "offer_id=5&aff_id=2002", "https://network.example/", click.OfferUnknown},
		{"nowhere by a number of an affiliate that was not imported", "offer_id=1001&aff_id=7", "https://other.example/?o=5", click.AffiliateUnknown},
		{"nowhere without any number", "", "https://network.example/", click.OfferUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, moved)
			rec := w.get("/aff_c?" + tt.query)
			if got := rec.Header().Get("Location"); !strings.HasPrefix(got, tt.location) {
				t.Errorf("the visitor goes to %q, want %s…", got, tt.location)
			}
			if got := w.click().TurnedAway; got != tt.turnedAway {
				t.Errorf("turned away for %q, want %q", got, tt.turnedAway)
			}
		})
	}
}

func TestTuneTinyURL(t *testing.T) {
	w := newWorld(t, moved)
	rec := w.get("/spring?aff_sub2=june&aff_unique1=u")
	c := w.click()
	if rec.Code != http.StatusFound || c.LinkCode != "spring" || c.OfferID != mainOffer || c.AffiliateID != blog || c.Sub[0] != "may" || c.Sub[1] != "june" || c.Sub[5] != "u" {
		t.Errorf("answered with %d, recorded %+v", rec.Code, c)
	}
	for _, path := range []string{"/favicon.ico", "/robots.txt", "/Spring", "/%2e%2e", "/spring/"} {
		if rec := w.get(path); rec.Code == http.StatusFound {
			t.Errorf("%s leads to %q", path, rec.Header().Get("Location"))
		}
	}
	if n := len(w.journal.records); n != 1 {
		t.Errorf("%d records are left, want the visit alone", n)
	}
}

func TestTuneImpression(t *testing.T) {
	w := newWorld(t, moved)
	rec := w.get("/aff_i?offer_id=1001&aff_id=2002&file_id=968&url_id=267")
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/gif" {
		t.Errorf("answered with %d, %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	views := w.visits(txid.Impression)
	if len(views) != 1 || views[0].OfferID != mainOffer || views[0].AffiliateID != blog || views[0].Sub[8] != "267" || views[0].Sub[9] != "968" {
		t.Errorf("recorded %+v", views)
	}
}

// claim is what a hit at one of TUNE's doors came to.
type claim struct {
	status int
	text   string
	signal signal.Signal
}

func (w *world) claim(target string) claim {
	w.Helper()
	target = strings.ReplaceAll(target, "TID", w.transaction())
	rec := w.get(target)
	return claim{rec.Code, rec.Body.String(), w.signal()}
}

func TestTunePostback(t *testing.T) {
	const ok = "success=true;"
	tests := []struct {
		name, target string
		text         string                // how the answer begins
		says         map[param.Name]string // in the record, beside the transaction ID
	}{
		{"with TUNE's number of the offer", "/aff_lsr?offer_id=1001&transaction_id=TID&adv_sub=o-1&amount=12.5", ok, map[param.Name]string{param.OfferID: "5", param.Adv1: "o-1", param.Amount: "12.5"}},
		{"with the number that the landing page was given", "/aff_lsr?offer_id=5&aff_id=7&transaction_id=TID", ok, map[param.Name]string{param.OfferID: "5", param.AffiliateID: "7"}},
		{"of all offers", "/aff_lsr?transaction_id=TID", ok, nil},
		{"with another offer's number", "/aff_lsr?offer_id=6&transaction_id=TID", "success=false; err_msg=the transaction ID is of another offer than offer_id 6", map[param.Name]string{param.OfferID: "6"}},
		{"with a number that was not imported", "/aff_lsr?offer_id=26&transaction_id=TID", "success=false; err_msg=the request cannot be understood: offer_id 26 is not among TUNE's numbers", map[param.Name]string{param.OfferID: "tune:26"}},
		{"with an affiliate's number that was not imported", "/aff_lsr?aff_id=26&transaction_id=TID", ok, map[param.Name]string{param.AffiliateID: "tune:26"}},
		{"with an ID from before the move", "/aff_lsr?offer_id=1001&transaction_id=" + oldID, "success=false; err_msg=Invalid Trans. ID #" + oldID + ": TUNE made this ID", map[param.Name]string{param.OfferID: "5", param.TransactionID: oldID}},
		{"with an ID that was cut", "/aff_lsr?transaction_id=1027c887059b47b.", "success=false; err_msg=Invalid Trans. ID #1027c887059b47b.: ", map[param.Name]string{param.TransactionID: "1027c887059b47b."}},
		{"without an ID", "/aff_lsr?offer_id=1001", "success=false; err_msg=Invalid Trans. ID #: ", map[param.Name]string{param.OfferID: "5"}},
		{"with a macro nobody filled in", "/aff_lsr?offer_id={offer_id}&transaction_id=TID", "success=false; err_msg=offer_id arrived as the literal text", map[param.Name]string{param.OfferID: "{offer_id}"}},
		{"for a goal by TUNE's number", "/aff_goal?a=lsr&goal_id=17&transaction_id=TID", ok, map[param.Name]string{param.Goal: "deposit"}},
		{"for the default goal by its number", "/aff_goal?a=lsr&goal_id=0&transaction_id=TID", ok, nil},
		{"for a goal by its name", "/aff_goal?a=lsr&goal_name=first+deposit&adv_id=5679&transaction_id=TID", ok, map[param.Name]string{param.Goal: "deposit"}},
		{"for a goal by its code", "/aff_goal?a=LSR&goal_ref=Deposit&transaction_id=TID", ok, map[param.Name]string{param.Goal: "deposit"}},
		{"for a goal that nobody knows", "/aff_goal?a=lsr&goal_name=nonsense&transaction_id=TID", "success=false; err_msg=the offer has no goal", map[param.Name]string{param.Goal: "nonsense"}},
		{"for a goal whose number was not imported", "/aff_goal?a=lsr&goal_id=51&transaction_id=TID", "success=false; err_msg=the request cannot be understood: goal 51 is not among", map[param.Name]string{param.Goal: "tune:51"}},
		{"for another offer's goal", "/aff_goal?a=lsr&goal_id=60&transaction_id=TID", "success=false; err_msg=the transaction ID is of another offer", map[param.Name]string{param.Goal: "60"}},
		{"for no goal", "/aff_goal?a=lsr&transaction_id=TID", "success=false; err_msg=the request cannot be understood: no goal came", nil},
		{"through no door of a goal", "/aff_goal?goal_id=17&transaction_id=TID", "success=false; err_msg=the request cannot be understood: a is neither", map[param.Name]string{param.Goal: "deposit"}},
		{"by an advertiser's number that is another's", "/aff_goal?a=lsr&goal_name=deposit&adv_id=9&transaction_id=TID", ok, map[param.Name]string{param.Goal: "deposit"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, moved)
			got := w.claim(tt.target)
			if got.status != http.StatusOK || !strings.HasPrefix(got.text, tt.text) {
				t.Errorf("answered with %d %q, want 200 %s…", got.status, got.text, tt.text)
			}
			s := got.signal
			for n := range param.NumNames {
				if n == param.TransactionID && !s.Click.IsZero() || n == param.Token {
					continue
				}
				if s.Value(n) != tt.says[n] {
					t.Errorf("%s = %q in the record, want %q", n, s.Value(n), tt.says[n])
				}
			}
			if got, want := slices.Contains(s.Marks, "adv_id is another advertiser than the offer's"), strings.Contains(tt.target, "adv_id=9"); got != want {
				t.Errorf("marked %v, want it to name the advertiser: %t", s.Marks, want)
			}
			_, query, _ := strings.Cut(tt.target, "?")
			if want := strings.ReplaceAll(query, "TID", s.Click.String()); s.Channel != signal.Postback || s.Raw != want {
				t.Errorf("recorded by %s as %q, want it as it came: %q", s.Channel, s.Raw, want)
			}
		})
	}
}

func TestTuneReplies(t *testing.T) {
	tests := []struct {
		name    string
		verdict signal.Verdict
		query   string
		want    string
	}{
		{"a repetition", signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate, Message: "seen"}, "", "success=false; err_msg=Duplicate conversion: seen;"},
		{"a hit that waits on disk", signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued}, "", "success=true;"},
		{"a conversion, as JSON", signal.Verdict{Status: signal.Accepted, Code: signal.OK}, "&format=json", `{"success":true}` + "\n"},
		{"a repetition, as JSON", signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate, Message: "seen"}, "&format=json", `{"success":false,"err_msg":"Duplicate conversion: seen"}` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, moved)
			w.settler.answer = &tt.verdict
			rec := w.get("/aff_lsr?transaction_id=" + w.transaction() + tt.query)
			if rec.Code != http.StatusOK || rec.Body.String() != tt.want || rec.Header().Get("Waybill-Verdict") != string(tt.verdict.Code) {
				t.Errorf("answered with %d %q, %v; want 200 %q", rec.Code, rec.Body, rec.Header(), tt.want)
			}
		})
	}
}

// TestTuneAnswersNoSuccessForWhatIsLost holds every one of TUNE's doors to the
// promise that a success is on disk.
func TestTuneAnswersNoSuccessForWhatIsLost(t *testing.T) {
	for _, target := range []string{"/aff_lsr?", "/aff_lsr?format=json&", "/aff_goal?a=lsr&goal_id=17&", "/aff_l?", "/aff_goal?a=l&goal_id=17&"} {
		w := newWorld(t, moved)
		w.journal.fail = func(int) bool { return true }
		rec := w.get(target + "transaction_id=" + w.transaction())
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || strings.Contains(rec.Body.String(), "success=true") || strings.Contains(rec.Body.String(), `"success":true`) {
			t.Errorf("%s lost its hit and is answered with %d %q, %v", target, rec.Code, rec.Body, rec.Header())
		}
	}
}

func TestTuneHoldsBackGuesses(t *testing.T) {
	w := newWorld(t, moved)
	w.edge.Throttle = edge.NewThrottle(1e-9, 2)
	for i, want := range []int{200, 200, 429} {
		rec := w.get("/aff_lsr?transaction_id=" + oldID)
		if rec.Code != want || (want == 429) != (rec.Header().Get("Retry-After") != "") || !strings.HasPrefix(rec.Body.String(), "success=false; err_msg=") {
			t.Errorf("guess %d: %d %q, want %d", i, rec.Code, rec.Body, want)
		}
	}
}

func TestTunePostbackByForm(t *testing.T) {
	w := newWorld(t, moved)
	rec := w.post("/aff_goal?a=lsr&transaction_id="+w.transaction(), "goal_id=17&adv_unique1=u", "Content-Type: application/x-www-form-urlencoded")
	s := w.signal()
	if rec.Body.String() != "success=true;" || s.Value(param.Goal) != "deposit" || s.Value(param.Adv1+5) != "u" {
		t.Errorf("answered %q, recorded %+v", rec.Body, s.Params)
	}
	w = newWorld(t, moved)
	rec = w.post("/aff_lsr?transaction_id="+w.transaction(), `{"amount":"a=1"}`, "Content-Type: application/json")
	if got := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(got, "JSON came, send JSON to /postback") || w.signal().Malformed == "" || len(w.signal().Extra) > 0 {
		t.Errorf("JSON is answered with %d %q", rec.Code, got)
	}
}

func TestTunePostbackWantsItsToken(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		moved(s)
		s.Advertisers[0].PostbackAuth = advertiser.AuthToken
	})
	for query, want := range map[string]string{
		"":                              "success=false; err_msg=no token came",
		"&security_token=wrong":         "success=false; err_msg=the token is wrong",
		"&security_token=" + token:      "success=true;",
		"&offer_id=1001&token=" + token: "success=true;",
	} {
		rec := w.get("/aff_lsr?transaction_id=" + w.transaction() + query)
		if got := rec.Body.String(); rec.Code != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("%q is answered with %d %q, want %q…", query, rec.Code, got, want)
		}
	}
	for _, r := range w.journal.records {
		if strings.Contains(string(r.record), token) {
			t.Errorf("the record holds the token: %q", r.record)
		}
	}
}

func TestTunePixel(t *testing.T) {
	tests := []struct {
		name    string
		target  string
		headers []string
		media   string
	}{
		{"as an image", "/aff_l?offer_id=1001&transaction_id=TID", []string{"Sec-Fetch-Dest: image"}, "image/gif"},
		{"as an iframe", "/aff_l?offer_id=1001&transaction_id=TID", []string{"Sec-Fetch-Dest: iframe"}, "text/html; charset=utf-8"},
		{"as an image of an old browser", "/aff_l?offer_id=1001&transaction_id=TID", []string{"Accept: image/*,*/*;q=0.8"}, "image/gif"},
		{"as an iframe of an old browser", "/aff_l?offer_id=1001&transaction_id=TID", []string{"Accept: text/html,application/xhtml+xml"}, "text/html; charset=utf-8"},
		{"of a goal", "/aff_goal?a=l&goal_id=17&transaction_id=TID", []string{"Sec-Fetch-Dest: iframe"}, "text/html; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, moved)
			rec := w.get(strings.ReplaceAll(tt.target, "TID", w.transaction()), tt.headers...)
			s := w.signal()
			if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != tt.media || rec.Header().Get("Waybill-Verdict") != "ok" || s.Channel != signal.Pixel {
				t.Errorf("answered with %d, %v, recorded by %s", rec.Code, rec.Header(), s.Channel)
			}
		})
	}
}

// TestTunePixelByCookie holds that a pixel without an ID is credited to the
// click whose cookie it brings, if that was a click on the offer it names.
func TestTunePixelByCookie(t *testing.T) {
	own := func(s *catalog.Source) {
		moved(s)
		s.Domains = []host.Domain{{ID: 1, Host: "go.shop.example", AdvertiserID: 3, Certificate: host.None, Status: host.Active}}
	}
	for _, tt := range []struct {
		name, query string
		want        signal.Code
	}{
		{"of the offer by TUNE's number", "/aff_l?offer_id=1001", signal.OK},
		{"of the offer by ours", "/aff_l?offer_id=6", signal.TransactionIDMissing}, // TUNE's 6 is another
		{"of a goal alone", "/aff_goal?a=l&goal_id=17", signal.OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, own)
			r := httptest.NewRequest(http.MethodGet, "https://go.shop.example"+tt.query, nil)
			r.AddCookie(&http.Cookie{Name: "wb_tid", Value: w.transaction()})
			rec := w.do(r)
			if got := rec.Header().Get("Waybill-Verdict"); got != string(tt.want) {
				t.Errorf("the verdict is %s, want %s (marks %v)", got, tt.want, w.signal().Marks)
			}
			s := w.signal()
			if got := s.Value(param.Goal); strings.Contains(tt.query, "goal") && got != "deposit" {
				t.Errorf("the record names the goal %q, want it by its code", got)
			}
		})
	}
}

func TestTunePixelTellsOnceThatItsCookieIsIgnored(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { withDomains(s); moved(s) })
	w.at("go.shop.example", "/aff_l?offer_id=6", "Cookie: wb_tid="+w.transaction())
	if got := w.signal().Marks; !slices.Equal(got, []string{"wb_tid ignored: it is of another offer"}) {
		t.Errorf("marks %q, want the cookie's once", got)
	}
}

// What nobody signed is not said beside what somebody did.
func TestTuneSignedForm(t *testing.T) {
	w := newWorld(t, moved)
	form := "transaction_id=" + w.transaction() + "&amount=5"
	w.post("/aff_lsr?amount=5000&status=approved", form, asForm, advertiser.Header+": "+advertiser.SignBody(secret, form, time.Now()))
	s := w.signal()
	if s.Auth != signal.OK || s.Value(param.Amount) != "5" || s.Value(param.Status) != "" {
		t.Errorf("heard %+v (%s), want what was signed alone", s.Params, s.Auth)
	}
	w = newWorld(t, moved)
	w.post("/aff_goal?a=lsr&goal_id=17", form, asForm, advertiser.Header+": "+advertiser.SignBody(secret, form, time.Now()))
	if s := w.signal(); !strings.Contains(s.Malformed, "no goal came") {
		t.Errorf("malformed %q, want it said that no goal was signed", s.Malformed)
	}
}

func TestTuneMethods(t *testing.T) {
	w := newWorld(t, moved)
	for target, methods := range map[string]string{
		"/aff_c": "POST PUT DELETE", "/aff_i": "POST PUT", "/aff_lsr": "HEAD PUT DELETE", "/aff_l": "POST PUT", "/aff_goal?a=l": "POST", "/aff_goal?a=lsr": "HEAD",
	} {
		for method := range strings.FieldsSeq(methods) {
			rec := w.do(httptest.NewRequest(method, target, nil))
			if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") == "" {
				t.Errorf("%s %s: %d, Allow %q", method, target, rec.Code, rec.Header().Get("Allow"))
			}
		}
	}
	if n := len(w.journal.records); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func FuzzTuneVisit(f *testing.F) {
	for _, query := range []string{
		"offer_id=1001&aff_id=2002&url_id=2&aff_sub=%0d%0aX:1", "offer_id=1001&aff_id=2002&url_id=3", "offer_id=5&aff_id=7&url=https://shop.example%5c.evil.example/",
		"offer%5fid=5&offer_id=1001&format=json", "offer_id=1001&aff_id=2002&url=https://evil.example/&url_id=2",
	} {
		f.Add(query, true)
		f.Add(query, false)
	}
	w := newWorld(f, moved)
	f.Fuzz(func(t *testing.T, query string, isClick bool) {
		path := "/aff_i?"
		if isClick {
			path = "/aff_c?"
		}
		r := request(http.MethodGet, path+query, "", http.Header{})
		if r == nil {
			return
		}
		w.TB, w.journal.records = t, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		location := rec.Header().Get("Location")
		if rec.Code == http.StatusFound && !fromTheCatalog(location) {
			t.Fatalf("%q sends the visitor to %q", query, location)
		}
		if !slices.Contains([]int{200, 302, 404, 410, 414}, rec.Code) {
			t.Fatalf("%q is answered with %d", query, rec.Code)
		}
		for _, c := range append(w.clicks(), w.visits(txid.Impression)...) {
			if c.OfferID != 0 && c.OfferID != mainOffer && c.OfferID != plainOffer || c.AffiliateID != 0 && c.AffiliateID != blog {
				t.Fatalf("%q is a visit of offer %d, affiliate %d, which were never imported", query, c.OfferID, c.AffiliateID)
			}
		}
	})
}

func FuzzTuneSignal(f *testing.F) {
	for _, query := range []string{
		"offer_id=1001&transaction_id=TID&adv_sub=x", "a=lsr&goal_name=First%20Deposit&transaction_id=TID", "a=l&goal_id=17&transaction_id=TID",
		"transaction_id=" + oldID + "&format=json", "transaction_id=;success=true;%0a", "goal_ref=%ff&email=a@b.example", "sig=x&ts=1&transaction_id=TID",
	} {
		for door := range uint8(3) {
			f.Add(query, "", door)
			f.Add("", query, door)
		}
	}
	const hidden = "Zq9HiddenZq9"
	doors := []string{"/aff_lsr?", "/aff_goal?", "/aff_l?"}
	w := newWorld(f, moved)
	tid := w.transaction()
	f.Fuzz(func(t *testing.T, query, body string, door uint8) {
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		target := doors[int(door)%len(doors)] + strings.ReplaceAll(query, "TID", tid) + "&security_token=" + hidden
		r := request(method, target, strings.ReplaceAll(body, "TID", tid), http.Header{})
		if r == nil {
			return
		}
		w.TB, w.journal.records, w.settler.seen = t, nil, nil
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if !slices.Contains([]int{200, 405, 414}, rec.Code) || rec.Header()["Location"] != nil {
			t.Fatalf("answered with %d, %v", rec.Code, rec.Header())
		}
		signals := w.signals()
		if (rec.Code == http.StatusOK) != (len(signals) == 1) || len(w.settler.seen) != len(signals) {
			t.Fatalf("answered with %d, recorded %d signals, settled %d", rec.Code, len(signals), len(w.settler.seen))
		}
		for _, entry := range w.journal.records {
			if strings.Contains(string(entry.record), hidden) {
				t.Fatalf("the record holds the token: %q", entry.record)
			}
		}
		text := rec.Body.String()
		if rec.Header().Get("Content-Type") == "text/plain; charset=utf-8" && rec.Code == http.StatusOK &&
			(strings.ContainsAny(text, "\r\n<>\x00") || strings.Count(text, "success=") != 1) {
			t.Fatalf("answered with %q", text)
		}
	})
}
