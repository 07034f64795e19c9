package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/span"
)

const (
	metaURL     = "https://graph.facebook.com"
	metaVersion = "v26.0"
	// metaAge is how old an event may be when Meta hears of it. It refuses older
	// ones.
	metaAge = 7 * 24 * time.Hour

	website = "website"
)

// metaKind is Meta's Conversions API: one server event for each conversion,
// posted to the events of a dataset (a pixel).
func metaKind() kind {
	return kind{
		methods: []string{http.MethodPost},
		url:     func(*delivery.Subscription) string { return metaURL },
		parameters: platformParameters(
			Parameter{Name: "dataset_id", Required: true, Doc: "The number of the dataset (pixel) that takes the events."},
			Parameter{Name: "access_token", Required: true, Secret: true, Doc: "The dataset's access token, from Events Manager."},
			Parameter{Name: "event", Required: true, Doc: "What conversions are called: a standard event such as Purchase or Lead, or one of your own."},
			Parameter{Name: "event" + perGoal, Doc: "What conversions of one goal are called instead."},
			Parameter{Name: "action_source", Doc: "Where conversions happen: website (usual where the visitor's user agent may be told), email, phone_call, chat, physical_store, system_generated (usual elsewhere) or other."},
			Parameter{Name: "event_source_url", Doc: "The page where conversions happen. Required for website."},
			Parameter{Name: "test_event_code", Doc: "From Events Manager, Test events. Goes with test conversions, and with no others."},
			Parameter{Name: "limited_data_use", Doc: "yes: the events are marked for Limited Data Use."},
			Parameter{Name: "version", Doc: "Of the Graph API; left open: " + metaVersion + "."},
		),
		open: openMeta,
	}
}

// meta is the payload of one subscription.
type meta struct {
	platform
	path    string
	token   string
	source  string // action_source
	page    string // event_source_url
	test    string // test_event_code
	limited bool
}

func openMeta(s *delivery.Subscription) (payload, error) {
	c := settings{s: s}
	m := &meta{
		platform: c.platform("event", c.text), token: c.token("access_token"), page: c.page("event_source_url"),
		test: c.text("test_event_code"), limited: c.yes("limited_data_use"),
	}
	usual := "system_generated"
	if m.use.Allows(macro.UserAgent) {
		usual = website
	}
	m.source = c.choice("action_source", usual, website, "email", "phone_call", "chat", "physical_store", "system_generated", "other")
	switch {
	case m.source != website:
	case !m.use.Allows(macro.UserAgent):
		c.fail("parameters.action_source", "website needs the visitor's user agent, which this owner may not be told; the network may allow it with share_visitor, or use system_generated")
	case s.Parameters["event_source_url"] == "":
		c.fail("parameters.event_source_url", "is missing: Meta requires the page where conversions happen, as in https://shop.example.com/thanks")
	}
	version := c.text("version")
	if version == "" {
		version = metaVersion
	}
	if number, ok := strings.CutPrefix(version, "v"); !ok || strings.Trim(number, "0123456789.") != "" || number == "" {
		c.fail("parameters.version", "%.20q is not a version of the Graph API, such as %s", version, metaVersion)
	}
	m.path = "/" + version + "/" + c.number("dataset_id") + "/events"
	if s.Delay > 6*span.Day {
		c.fail("delay", "is too long: Meta refuses events that are older than 7 days")
	}
	c.hears("Meta")
	c.once("Meta")
	return m, c.done()
}

// page gives the address of a page.
func (c *settings) page(name string) string {
	value := c.text(name)
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(value, "{} ")) {
		c.fail("parameters."+name, "%.60q is not the address of a page, such as https://shop.example.com/thanks", value)
	}
	return value
}

func (m *meta) names() []macro.Name { return m.takes(macro.FBCLID, macro.FBC, macro.FBP) }

// metaRequest, metaEvent and metaUser are what the API calls its parameters.
type metaRequest struct {
	Data  []metaEvent `json:"data"`
	Test  string      `json:"test_event_code,omitempty"`
	Token string      `json:"access_token"`
}

type metaEvent struct {
	Name    string    `json:"event_name"`
	Time    int64     `json:"event_time"`
	ID      string    `json:"event_id"`
	Source  string    `json:"action_source"`
	Page    string    `json:"event_source_url,omitempty"`
	User    metaUser  `json:"user_data"`
	Custom  *metaData `json:"custom_data,omitempty"`
	Options []string  `json:"data_processing_options,omitempty"`
	Country *int      `json:"data_processing_options_country,omitempty"`
	State   *int      `json:"data_processing_options_state,omitempty"`
}

type metaUser struct {
	Email    []string `json:"em,omitempty"`
	External []string `json:"external_id,omitempty"`
	IP       string   `json:"client_ip_address,omitempty"`
	Agent    string   `json:"client_user_agent,omitempty"`
	Click    string   `json:"fbc,omitempty"`
	Browser  string   `json:"fbp,omitempty"`
}

type metaData struct {
	Value    json.Number `json:"value,omitempty"`
	Currency string      `json:"currency,omitempty"`
	Order    string      `json:"order_id,omitempty"`
}

func (m *meta) write(r *Request, o *delivery.Owed, _ *macro.Values, now Moment) error {
	f, err := m.read(o, now.At)
	if err != nil {
		return err
	}
	user := metaUser{
		Email: list(f.email), External: list(f.customer), IP: f.ip, Agent: f.agent,
		Click: m.click(o, f), Browser: metaID(m.value(o, macro.FBP)),
	}
	if err := m.lacks(o, f, user, now.At); err != nil {
		return err
	}
	e := metaEvent{Name: f.event, Time: f.at.Unix(), ID: f.id, Source: m.source, Page: m.page, User: user}
	if f.value != "" || f.order != "" {
		e.Custom = &metaData{Value: f.value, Currency: f.currency, Order: f.order}
	}
	if m.limited { // 0 and 0: Meta finds the country and state itself
		e.Options, e.Country, e.State = []string{"LDU"}, new(int), new(int)
	}
	request := metaRequest{Data: []metaEvent{e}, Token: m.token}
	if o.Test {
		request.Test = m.test
	}
	return post(r, m.path, request, f)
}

func list(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// click gives fbc: as it is known, or as Meta says to make it of a click's
// fbclid, fb.1.<when it was seen, in milliseconds>.<fbclid>.
func (m *meta) click(o *delivery.Owed, f facts) string {
	if known := metaID(m.value(o, macro.FBC)); known != "" {
		return known
	}
	id := m.value(o, macro.FBCLID)
	if id == "" {
		return ""
	}
	seen := f.clicked
	if seen.IsZero() {
		seen = f.at
	}
	return "fb.1." + strconv.FormatInt(seen.UnixMilli(), 10) + "." + id
}

// metaID gives an ID of Meta's cookies, fb.<subdomain>.<milliseconds>.<ID>;
// nothing if text is not one.
func metaID(text string) string {
	parts := strings.SplitN(text, ".", 4)
	if len(parts) < 4 || parts[0] != "fb" || len(parts[1]) != 1 || len(parts[2]) != 13 || parts[3] == "" ||
		strings.Trim(parts[1]+parts[2], "0123456789") != "" {
		return ""
	}
	return text
}

// lacks says why Meta would refuse an event, or make nothing of it.
func (m *meta) lacks(o *delivery.Owed, f facts, u metaUser, now time.Time) error {
	switch {
	case o.Test && m.test == "":
		return fault.New(fault.Invalid, "a test conversion is told to Meta with parameters.test_event_code alone, or it would count as a real one")
	case u.Click == "" && u.Browser == "" && u.Email == nil && u.External == nil && (u.IP == "" || u.Agent == ""):
		return unmatched("Meta could match this conversion with nobody: it has no fbclid or fbp of a click, no e-mail or customer that may be told, and no IP address with a user agent")
	case m.source == website && u.Agent == "":
		return fault.New(fault.Invalid, "the visitor's user agent is not known, and Meta requires it where action_source is website")
	case f.event == "Purchase" && f.value == "":
		return fault.New(fault.Invalid, "the conversion has no amount that may be told, and Meta requires value and currency of a Purchase")
	case now.Sub(f.at) > metaAge:
		return fault.New(fault.Invalid, "the conversion is %d days old, and Meta refuses events that are older than 7 days", int(now.Sub(f.at).Hours()/24))
	default:
		return nil
	}
}

// metaAnswer is an answer of the Graph API.
type metaAnswer struct {
	Received *int `json:"events_received"`
	Error    *struct {
		Message   string `json:"message"`
		Title     string `json:"error_user_title"`
		Explained string `json:"error_user_msg"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode"`
		Transient bool   `json:"is_transient"`
		Trace     string `json:"fbtrace_id"`
	} `json:"error"`
}

// judge reads an answer. Meta says how many events it took; errors come with a
// code. Those of the token, of permissions and of limits pass, by themselves or
// when somebody mends the settings. Of a wrong parameter (100) only what speaks
// of the event itself is final: the rest is of the dataset.
func (m *meta) judge(status int, _ http.Header, body []byte) (delivery.ErrorClass, string) {
	var a metaAnswer
	if err := json.Unmarshal(body, &a); err != nil || a.Error == nil {
		switch {
		case status/100 != 2:
			return "", ""
		case err != nil || a.Received == nil:
			return delivery.ErrAnswer, "the answer is not one of Meta's: it does not say how many events were received"
		case *a.Received < 1:
			return delivery.ErrRejected, "Meta received none of the events"
		default:
			return "", ""
		}
	}
	e := a.Error
	detail := fmt.Sprintf("Meta says: %s (code %d", e.Message, e.Code)
	if e.Subcode != 0 {
		detail += fmt.Sprintf(", subcode %d", e.Subcode)
	}
	detail += ")"
	if e.Title != "" || e.Explained != "" {
		detail += ": " + strings.TrimSpace(e.Title+" "+e.Explained)
	}
	if e.Trace != "" {
		detail += ", trace " + e.Trace
	}
	const invalidParameter, noSuchObject = 100, 33
	switch {
	case !e.Transient && e.Code == invalidParameter && e.Subcode != noSuchObject && status < http.StatusInternalServerError:
		return delivery.ErrRejected, detail
	case status/100 == 2:
		return delivery.ErrAnswer, detail
	default:
		return delivery.ErrStatus, detail
	}
}
