package edge

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// tuneClick takes a visit through a tracking link that was made for TUNE.
func (e *Edge) tuneClick(w http.ResponseWriter, r *http.Request) { e.tuneVisit(w, r, e.click) }

// tuneImpression takes a view by an impression tag that was made for TUNE.
func (e *Edge) tuneImpression(w http.ResponseWriter, r *http.Request) {
	e.tuneVisit(w, r, e.impression)
}

// tuneTiny takes a visit through one of TUNE's tiny URLs, whose code stands at
// the root of the host: a short link of that code. What is no link's code is
// nobody's visit, since browsers and robots ask for many things there.
func (e *Edge) tuneTiny(w http.ResponseWriter, r *http.Request) {
	if _, ok := e.Catalog().Link(r.PathValue("code")); !ok {
		http.NotFound(w, r)
		return
	}
	e.tuneVisit(w, r, e.click)
}

// tuneVisit hands a visit on to Waybill's own door, with its query in Waybill's
// words. Links made for TUNE carry all they say in their query.
func (e *Edge) tuneVisit(w http.ResponseWriter, r *http.Request, door http.HandlerFunc) {
	if r.Method == http.MethodPost {
		notAllowed(w, "GET, HEAD, OPTIONS")
		return
	}
	said, there := *r, *r.URL
	there.RawQuery = tune.Click(r.URL.RawQuery, e.Catalog().TuneIDs())
	said.URL = &there
	door(w, &said)
}

// tunePostback takes a postback that was made for TUNE.
func (e *Edge) tunePostback(w http.ResponseWriter, r *http.Request) {
	e.tuneServer(w, r, (*hit).readTune)
}

// tunePixel takes a pixel that was made for TUNE.
func (e *Edge) tunePixel(w http.ResponseWriter, r *http.Request) {
	e.tuneBrowser(w, r, (*hit).readTune)
}

// tuneGoal takes a postback or a pixel for a goal beside the default. Its
// parameter a says which of both it is.
func (e *Edge) tuneGoal(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(tune.Value(r.URL.RawQuery, "a"), "l") {
		e.tuneBrowser(w, r, (*hit).readTuneGoal)
		return
	}
	e.tuneServer(w, r, (*hit).readTuneGoal)
}

// tuneServer takes what an advertiser's server sends. The answer is 200 with
// TUNE's words in it, whatever became of the hit, as long as it is on disk.
func (e *Edge) tuneServer(w http.ResponseWriter, r *http.Request, read func(*hit)) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		notAllowed(w, "GET, POST")
		return
	}
	h := &hit{origin: e.origin(r, signal.Postback)}
	body, unread := readBody(w, r)
	h.body, h.text = body, textOf(body)
	objects, err := h.objects(unread, r.Header.Get("Content-Type"))
	h.fail(err)
	if objects != nil {
		h.broken = "this door takes parameters in the URL or as a form, and JSON came; send JSON to /postback"
	}
	read(h)
	sent := h.values.Get(param.TransactionID)
	v := e.take(context.WithoutCancel(r.Context()), h) // a sender who hangs up loses nothing
	v.askAgain(w)
	status := http.StatusOK
	if !v.kept() {
		status = v.status()
	}
	w.Header().Set(verdictHeader, string(v.Code))
	reply := tune.NewReply(v.Verdict, sent)
	if strings.EqualFold(h.values.Get(param.Format), "json") {
		writeJSON(w, status, reply)
		return
	}
	writeText(w, status, reply.Text())
}

// writeText answers with a text that no browser takes for a page.
func writeText(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // whoever hung up needs no answer
}

// tuneBrowser takes what a page sends. TUNE has one address for the pixel as an
// image and as an iframe, so the browser says which of both it shows.
func (e *Edge) tuneBrowser(w http.ResponseWriter, r *http.Request, read func(*hit)) {
	frame := framed(r)
	f, ok := e.fireAs(w, r, frame, read)
	switch {
	case !ok:
	case frame:
		e.writeFrame(w, f)
	default:
		writeImage(w, f.status)
	}
}

// readTune reads the parameters of a hit for the default goal, or for the one
// that it names.
func (h *hit) readTune() {
	h.readTuneWords(false)
	h.readTuneNumbers()
}

// readTuneGoal reads the parameters of a hit for a goal.
func (h *hit) readTuneGoal() {
	switch door := tune.Value(h.query, "a"); {
	case !strings.EqualFold(door, "l") && !strings.EqualFold(door, "lsr"):
		h.refuse("a is neither lsr, for a postback, nor l, for a pixel")
	case (h.signature != "" || !goalNamed(h.query)) && !goalNamed(string(h.text)):
		h.refuse("no goal came: name it by goal_id, goal_name or goal_ref")
	}
	h.readTuneWords(true)
	h.readTuneNumbers()
}

// goalNamed reports whether a query names a goal, be it the default, whose
// number is 0.
func goalNamed(query string) bool {
	for _, name := range [...]string{"goal_id", "goal_name", "goal_ref", param.Goal.String()} {
		if tune.Value(query, name) != "" {
			return true
		}
	}
	return false
}

// refuse notes what about the hit's form is wrong, the first time.
func (h *hit) refuse(why string) {
	if h.broken == "" {
		h.broken = why
	}
}

// readTuneWords takes the values under Waybill's names. The request itself is
// kept as it came, and a signature covers it as it came; one that covers the body
// leaves nothing for the query to say.
func (h *hit) readTuneWords(goalDoor bool) {
	if h.signature != "" {
		h.readQuery() // which says that it is ignored
	} else {
		h.fail(h.values.ScanQuery(param.Signal, tune.Signal(h.query, goalDoor)))
	}
	if h.isForm() && !h.isJSON() {
		h.fail(h.values.ScanQuery(param.Signal, tune.Signal(string(h.text), goalDoor)))
	}
}

// readTuneNumbers puts Waybill's numbers in place of TUNE's. The offer comes
// first, since it says whether the cookie of a click is meant.
func (h *hit) readTuneNumbers() {
	verified := h.transaction()
	h.tuneNumber(tune.Offer, param.OfferID, h.parts.Offer, verified)
	h.recall()
	verified = h.transaction()
	h.tuneNumber(tune.Affiliate, param.AffiliateID, h.parts.Affiliate, verified)
	h.tuneGoal()
	h.tuneAdvertiser()
	if sent := h.values.Get(param.TransactionID); verified.IsZero() && tune.IsTransactionID(sent) {
		h.marks = append(h.marks, "transaction_id is one of TUNE's")
	}
}

// tuneNumber translates one number. Beside one that was imported, the number
// that the click itself bears is right: it may have been read from the landing
// page's address, where Waybill wrote it. One that is not known is kept as
// TUNE's, so that the signal can be judged again when it is.
func (h *hit) tuneNumber(k tune.Kind, n param.Name, own int64, verified txid.ID) {
	named := strings.TrimSpace(h.values.Get(n))
	if named == "" || param.Unexpanded(named) {
		return
	}
	ours, ok := h.catalog.TuneIDs().Resolve(k, named)
	if !verified.IsZero() && own != 0 && number(named, max(offer.MaxID, txid.MaxAffiliate)) == own {
		ours, ok = own, true
	}
	if ok {
		h.values.Set(n, strconv.FormatInt(ours, 10))
	} else {
		h.values.Set(n, tune.Strange(named))
	}
}

// tuneGoal finds the goal: by TUNE's number, by its code here, or by the name
// that it has in both systems. TUNE's number 0 is the default.
func (h *hit) tuneGoal() {
	named := strings.TrimSpace(h.values.Get(param.Goal))
	switch {
	case named == "" || param.Unexpanded(named):
	case strings.Trim(named, "0") == "":
		h.values.Set(param.Goal, "")
	case strings.Trim(named, "0123456789") == "":
		h.tuneGoalNumber(named)
	default:
		h.tuneGoalName(named)
	}
}

func (h *hit) tuneGoalNumber(named string) {
	id, ok := h.catalog.TuneIDs().Resolve(tune.Goal, named)
	if !ok {
		h.values.Set(param.Goal, tune.Strange(named))
		return
	}
	if g, ok := h.catalog.Goal(id); ok && g.OfferID == h.parts.Offer {
		h.values.Set(param.Goal, g.Code) // which no other goal's number can be taken for
		return
	}
	h.values.Set(param.Goal, strconv.FormatInt(id, 10))
}

func (h *hit) tuneGoalName(named string) {
	o, ok := h.catalog.Offer(h.parts.Offer)
	if !ok {
		return
	}
	if g, ok := o.GoalNamed(named); ok {
		h.values.Set(param.Goal, g.Code)
	}
}

// tuneAdvertiser looks at the advertiser that a goal's name is said to be of,
// where its number was imported. The click tells whose offer it is; that another
// was named is worth a mark.
func (h *hit) tuneAdvertiser() {
	m, ok := h.catalog.TuneIDs().Find(tune.Advertiser, tune.Value(h.query, "adv_id"))
	if !ok {
		return
	}
	if o, ok := h.catalog.Offer(h.parts.Offer); ok && o.AdvertiserID != m.WaybillID {
		h.marks = append(h.marks, "adv_id is another advertiser than the offer's")
	}
}
