package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
)

func TestDeepLink(t *testing.T) {
	const own = "https://shop.example/l?wb=ID&aff=7&s1=x&c="
	refused := []string{"url refused"}
	tests := []struct {
		name  string
		url   string
		want  string
		marks []string
	}{
		{name: "is followed with the parameters that hold macros", url: "https://shop.example/shoes?size=42#top", want: "https://shop.example/shoes?size=42&wb=ID&aff=7&s1=x&c=#top"},
		{name: "is followed to a host below", url: "https://de.shop.example/", want: "https://de.shop.example/?wb=ID&aff=7&s1=x&c="},
		{name: "is followed in any case, with a dot and a port", url: "HTTPS://Shop.Example.:8443/", want: "HTTPS://Shop.Example.:8443/?wb=ID&aff=7&s1=x&c="},
		{name: "cannot bring an ID of its own", url: "https://shop.example/?wb=forged&%77b=forged&k=1", want: "https://shop.example/?k=1&wb=ID&aff=7&s1=x&c="},
		{name: "cannot bring macros", url: "https://shop.example/?k={sub1}", want: "https://shop.example/?k=%7Bsub1%7D&wb=ID&aff=7&s1=x&c="},
		{name: "is not followed to another host", url: "https://evil.example/", want: own, marks: refused},
		{name: "is not followed to a host that ends alike", url: "https://evilshop.example/", want: own, marks: refused},
		{name: "is not followed to a host that begins alike", url: "https://shop.example.evil.example/", want: own, marks: refused},
		{name: "is not followed behind a user name", url: "https://shop.example@evil.example/", want: own, marks: refused},
		{name: "is not followed behind a backslash", url: `https://evil.example\.shop.example/`, want: own, marks: refused},
		{name: "is not followed behind an escaped dot", url: "https://evil.example%2f.shop.example/", want: own, marks: refused},
		{name: "is not followed without a scheme", url: "//shop.example/", want: own, marks: refused},
		{name: "is not followed without a host", url: "/shoes", want: own, marks: refused},
		{name: "is not followed in another scheme", url: "javascript://shop.example/%0aalert(1)", want: own, marks: refused},
		{name: "is not followed with a line break", url: "https://shop.example/\r\nSet-Cookie: x=1", want: own, marks: refused},
		{name: "is not followed with a tab in its host", url: "https://sh\top.example/", want: own, marks: refused},
		{name: "is not followed with a space", url: " https://shop.example/", want: own, marks: refused},
		{name: "is followed up to 4 KiB", url: "https://shop.example/" + strings.Repeat("x", 4096-21), want: "https://shop.example/" + strings.Repeat("x", 4096-21) + "?wb=ID&aff=7&s1=x&c="},
		{name: "is not followed beyond 4 KiB", url: "https://shop.example/" + strings.Repeat("x", 4097-21), want: own, marks: []string{"url dropped"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			rec := w.get(toMain + "&sub1=x&url=" + url.QueryEscape(tt.url))
			c := w.click()
			want := strings.Replace(tt.want, "ID", c.ID.String(), 1)
			if got := rec.Header().Get("Location"); got != want || c.Location != got || rec.Code != http.StatusFound {
				t.Errorf("Location = %.300q\nwant       %.300q\nrecorded   %.300q", got, want, c.Location)
			}
			if !slices.Equal(c.Marks, tt.marks) || c.TurnedAway != click.Sent || c.ID.TurnedAway() {
				t.Errorf("recorded marks %q and reason %q, want marks %q and none", c.Marks, c.TurnedAway, tt.marks)
			}
		})
	}
}

func TestDeepLinkWithAnEMail(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.get(toMain + "&deep_link=" + url.QueryEscape("https://shop.example/?to=jane%40example.com"))
	c := w.click()
	if got := rec.Header().Get("Location"); !strings.HasPrefix(got, "https://shop.example/?to=jane%40example.com&wb="+c.ID.String()) {
		t.Errorf("the visitor is sent to %s, without his e-mail", got)
	}
	if strings.Contains(c.Location, "jane") || !strings.Contains(c.Location, "to=emailhash:") || !strings.Contains(c.Location, "wb="+c.ID.String()) {
		t.Errorf("recorded the location %s", c.Location)
	}
}

func TestDeepLinkOfAnOfferThatAllowsNone(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { s.Offers[0].DeepLinkHosts = nil })
	rec := w.get(toMain + "&url=https://shop.example/shoes")
	if got := rec.Header().Get("Location"); !strings.HasPrefix(got, "https://shop.example/l?") || !slices.Equal(w.click().Marks, []string{"url refused"}) {
		t.Errorf("Location = %s, marks %q", got, w.click().Marks)
	}
}

func TestDeepLinkOfAVisitorWhoIsTurnedAway(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.get("/click?offer_id=5&affiliate_id=8&url=https://shop.example/shoes")
	if got := rec.Header().Get("Location"); got != "https://other.example/?o=5&s1=" {
		t.Errorf("Location = %s, want the fallback alone", got)
	}
}

// An offer of another network takes the deep link as a value.
func TestDeepLinkAsAMacro(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{name: "is filled in when its host is allowed", query: "&url=https://shop.example/a?b", want: "https://network.example/c?to=https%3A%2F%2Fshop.example%2Fa%3Fb&tid=ID"},
		{name: "is empty when its host is not", query: "&url=https://evil.example/", want: "https://network.example/c?to=&tid=ID"},
		{name: "is empty when none came", want: "https://network.example/c?to=&tid=ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) {
				s.Offers[0].DestinationURL = "https://network.example/c?to={url}&tid={transaction_id}"
			})
			rec := w.get(toMain + tt.query)
			if got, want := rec.Header().Get("Location"), strings.Replace(tt.want, "ID", w.click().ID.String(), 1); got != want {
				t.Errorf("Location = %s\nwant       %s", got, want)
			}
		})
	}
}

func TestEveryMacroOfAnOffersURL(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Offers[0].DestinationURL = "https://shop.example/?{transaction_id};{offer_id};{offer_name};{affiliate_id};{advertiser_id};{aff_click_id};" +
			"{sub1};{sub10};{source};{coupon};{gaid};{idfa};{idfv};{test};{country};{device};{os};{browser};{ip};{click_time|unix_ms};{timestamp};{date};{random};{user_agent}"
	})
	rec := w.get(toMain + "&aff_click_id=k&sub1=one&sub10=ten&source=s&coupon=c&gaid=g&idfa=a&idfv=v&test=1")
	c := w.click()
	_, query, _ := strings.Cut(rec.Header().Get("Location"), "?")
	got := strings.Split(query, ";")
	want := []string{
		c.ID.String(), "5", "Spring%20sale", "7", "3", "k", "one", "ten", "s", "c", "g", "a", "v", "1", "", "desktop", "Windows", "Chrome", "203.0.113.9",
		strconv.FormatInt(c.At.UnixMilli(), 10), strconv.FormatInt(c.At.Unix(), 10), c.At.Format(time.DateOnly),
	}
	if len(got) != len(want)+2 || !slices.Equal(got[:len(want)], want) {
		t.Fatalf("rendered %q\nwant     %q and two more", got, want)
	}
	agent, err := url.QueryUnescape(strings.Join(got[len(want)+1:], ";"))
	if got[len(want)] == "" || agent != chrome || err != nil {
		t.Errorf("random and agent are %q, %v", got[len(want):], err)
	}
}

func TestMacrosWithoutAValueAreEmpty(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Settings.FallbackURL = "https://network.example/?{transaction_id};{offer_id};{offer_name};{affiliate_id};{advertiser_id};{sub1};{test};{url}"
	})
	rec := w.get("/click?")
	if got, want := rec.Header().Get("Location"), "https://network.example/?"+w.click().ID.String()+";;;;;;;"; got != want {
		t.Errorf("Location = %s, want %s", got, want)
	}
}

// A connection over a Unix socket has no address.
func TestVisitorWithoutAnAddress(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		s.Offers[0].DestinationURL = "https://shop.example/?ip={ip}&wb={transaction_id}"
	})
	r, rec := clickRequest(toMain), httptest.NewRecorder()
	r.RemoteAddr = "@"
	w.handler.ServeHTTP(rec, r)
	if got, c := rec.Header().Get("Location"), w.click(); got != "https://shop.example/?ip=&wb="+c.ID.String() || c.IP.IsValid() {
		t.Errorf("Location = %s, recorded the address %s", got, c.IP)
	}
}
