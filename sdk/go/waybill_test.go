package waybill_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"waybill/internal/txid"
	waybill "waybill/sdk/go"
)

// ring signs the IDs of these tests.
func ring(t testing.TB) *txid.Ring {
	t.Helper()
	r, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mint makes a transaction ID as Waybill does.
func mint(t *testing.T, kind txid.Kind) string {
	t.Helper()
	ticket := txid.NewMint(ring(t), 1, 0).Begin(time.Now(), txid.Subject{Kind: kind, Offer: 5, Affiliate: 7})
	ticket.Done()
	return ticket.ID.String()
}

func turnedAway(t *testing.T) string {
	t.Helper()
	ticket := txid.NewMint(ring(t), 1, 0).Begin(time.Now(), txid.Subject{Kind: txid.Click, TurnedAway: true, Offer: 5})
	ticket.Done()
	return ticket.ID.String()
}

func TestClean(t *testing.T) {
	t.Parallel()
	click, view := mint(t, txid.Click), mint(t, txid.Impression)
	tests := []struct{ name, text, want string }{
		{"takes a click's ID", click, click},
		{"takes an impression's ID", view, view},
		{"takes an ID in capitals", strings.ToUpper(click), click},
		{"takes an ID with space around it", " \t" + click + "\n", click},
		{"refuses a signal's ID", mint(t, txid.Signal), ""},
		{"refuses a conversion's ID", mint(t, txid.Conversion), ""},
		{"refuses the ID of a visitor who was turned away", turnedAway(t), ""},
		{"refuses an ID of no kind", "40" + click[2:], ""},
		{"refuses an ID of another version", "6" + click[1:], ""},
		{"refuses nothing", "", ""},
		{"refuses a cut ID", click[:31], ""},
		{"refuses an ID with more behind it", click + "0", ""},
		{"refuses a letter that occurs in none", click[:31] + "u", ""},
		{"refuses markup", click[:31] + "<", ""},
		{"refuses another system's hash", "9e107d9d372bb6826bd81d3542a419d6", ""},
		{"refuses a macro that nobody filled in", "{transaction_id}", ""},
		{"refuses a two-byte letter", click[:30] + "é", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := waybill.Clean(tt.text); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// FuzzClean holds what is kept to what Waybill itself reads.
func FuzzClean(f *testing.F) {
	ticket := txid.NewMint(ring(f), 1, 0).Begin(time.UnixMilli(1), txid.Subject{Kind: txid.Click})
	ticket.Done()
	f.Add(ticket.ID.String())
	f.Add("4GOOOOOOIIIIIILLLLLL000000000000")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := txid.Parse(strings.TrimSpace(text))
		ours := err == nil && (id.Kind() == txid.Click || id.Kind() == txid.Impression) && !id.TurnedAway()
		got := waybill.Clean(text)
		if (got != "") != ours {
			t.Fatalf("Clean(%q) = %q, and txid.Parse says %v, %v", text, got, id, err)
		}
		if !ours {
			return
		}
		if again, err := txid.Parse(got); err != nil || again != id {
			t.Errorf("Clean(%q) = %q, another ID (%v)", text, got, err)
		}
	})
}

func TestFromQuery(t *testing.T) {
	t.Parallel()
	a, b := mint(t, txid.Click), mint(t, txid.Impression)
	tests := []struct{ name, query, want string }{
		{"the name", "transaction_id=" + a, a},
		{"each alias: tid", "tid=" + a, a},
		{"each alias: click_id", "click_id=" + a, a},
		{"each alias: clickid", "clickid=" + a, a},
		{"each alias: cid", "cid=" + a, a},
		{"a name in capitals", "Click_ID=" + a, a},
		{"the name before an alias", "tid=" + a + "&transaction_id=" + b, b},
		{"an alias where the name carries something else", "transaction_id=order-7&cid=" + a, a},
		{"the second of two values", "cid=GA1.2&cid=" + a, a},
		{"of two spellings always the same", "tid=" + b + "&TID=" + a, a},
		{"no other name", "gclid=" + a, ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := waybill.FromQuery(query); got != tt.want {
				t.Errorf("FromQuery(%s) = %q, want %q", tt.query, got, tt.want)
			}
		})
	}
}

// visit has a request answered by a page behind k.
func visit(k waybill.Keeper, target string, cookies ...*http.Cookie) (kept string, answer *http.Response) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	k.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = k.FromRequest(r)
		w.WriteHeader(http.StatusOK)
	})).ServeHTTP(rec, r)
	return kept, rec.Result()
}

func TestKeeperCarriesTheIDToTheOrder(t *testing.T) {
	t.Parallel()
	id := mint(t, txid.Click)
	var keep waybill.Keeper
	kept, landing := visit(keep, "https://shop.example/?utm_source=x&tid="+id)
	if kept != id {
		t.Errorf("on the landing page FromRequest() = %q, want %q", kept, id)
	}
	cookies := landing.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("the landing page sets %d cookies, want 1", len(cookies))
	}
	if got := landing.Header.Get("Cache-Control"); got != "private" {
		t.Errorf("the landing page's Cache-Control is %q, want private", got)
	}
	kept, order := visit(keep, "https://shop.example/order", cookies[0])
	if kept != id {
		t.Errorf("at the order FromRequest() = %q, want %q", kept, id)
	}
	if n := len(order.Cookies()); n != 0 || order.Header.Get("Cache-Control") != "" {
		t.Errorf("a page without an ID sets %d cookies, Cache-Control %q", n, order.Header.Get("Cache-Control"))
	}
	later := mint(t, txid.Impression)
	if kept, _ := visit(keep, "https://shop.example/?tid="+later, cookies[0]); kept != later {
		t.Errorf("after a second arrival FromRequest() = %q, want %q", kept, later)
	}
}

func TestKeeperCookie(t *testing.T) {
	t.Parallel()
	id := mint(t, txid.Click)
	tests := []struct {
		name string
		keep waybill.Keeper
		want string
	}{
		{"is closed to scripts and other sites", waybill.Keeper{}, "wb_server_tid=" + id + "; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"},
		{"lasts as long as it is told", waybill.Keeper{MaxAge: time.Hour}, "wb_server_tid=" + id + "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"has the name and domain it is told", waybill.Keeper{Cookie: "tid", Domain: "shop.example"}, "tid=" + id + "; Path=/; Domain=shop.example; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"},
		{"goes without TLS only when told", waybill.Keeper{Insecure: true}, "wb_server_tid=" + id + "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, answer := visit(tt.keep, "https://shop.example/?transaction_id="+strings.ToUpper(id))
			if got := answer.Header.Get("Set-Cookie"); got != tt.want {
				t.Errorf("Set-Cookie is\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestKeeperKeepsNothingThatIsNotOurs(t *testing.T) {
	t.Parallel()
	var keep waybill.Keeper
	bad := &http.Cookie{Name: waybill.DefaultCookie, Value: "9e107d9d372bb6826bd81d3542a419d6"}
	kept, answer := visit(keep, "https://shop.example/?cid=GA1.2.345&tid=%3Cscript%3E", bad)
	if kept != "" || answer.Header.Get("Set-Cookie") != "" {
		t.Errorf("FromRequest() = %q, Set-Cookie %q; want neither", kept, answer.Header.Get("Set-Cookie"))
	}
}
