package receivertest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// ReviveCookie is what Revive leaves with a visitor who clicked the banner with
// this number, as a browser sends it back.
func ReviveCookie(banner string) string { return "_OXLCA[" + banner + "]=t8kq3c-7" }

// gif is the image of one transparent dot.
const gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

func adServers() map[string]product {
	return map[string]product{
		"revive": {endpoints: map[string]endpoint{"/www/delivery/ti.php": revive()}, answer: image},
		"openx":  {endpoints: map[string]endpoint{"/www/delivery/ti.php": openx()}, answer: image},
	}
}

func image(w http.ResponseWriter, _ url.Values, _ string) {
	writeText(w, "image/gif", gif)
}

// revive counts by the cookie of a click or view alone, so a browser must ask.
// Its tracker has two variables, value and order_id.
func revive() endpoint {
	return endpoint{
		takes: map[string]check{"trackerid": digits(), "cb": anything, "value": number(), "order_id": anything},
		needs: []string{"trackerid"},
		read: func(q url.Values) Conversion {
			return Conversion{ID: q.Get("order_id"), Money: q.Get("value"), Event: q.Get("trackerid")}
		},
		judge: edit,
	}
}

// openx is an ad server built on the same beacon that takes its click ID in the
// URL, as Ad4Game's does.
func openx() endpoint {
	return endpoint{
		takes: map[string]check{"trackerid": digits(), "sid": anything, "cb": anything},
		needs: []string{"trackerid", "sid"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("sid"), Event: q.Get("trackerid")}
		},
		judge: once,
	}
}

// clickCookie gives the banner that the visitor clicked, by Revive's cookie.
func clickCookie(r *http.Request) string {
	for pair := range strings.SplitSeq(r.Header.Get("Cookie"), "; ") {
		name, value, _ := strings.Cut(pair, "=")
		banner, ok := strings.CutPrefix(name, "_OXLCA[")
		if ok && regexp.MustCompile(`^[0-9a-z]+-\d+$`).MatchString(value) {
			return strings.TrimSuffix(banner, "]")
		}
	}
	return ""
}
