package settlement_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/click"
	"waybill/internal/delivery"
	"waybill/internal/param"
)

// TestStatusWords are what {status} becomes, and nothing else.
func TestStatusWords(t *testing.T) {
	w := newWorld(t, subscribe(1, func(s *delivery.Subscription) {
		s.StatusWords = map[string]string{"approved": "sale", "rejected": "trash"}
		s.URL = "https://tracker.example/?s={status}&cid={aff_click_id}"
	}))
	for _, hit := range []string{"postback status=pending", "postback status=approved", "postback status=rejected"} {
		w.hit(hit)
	}
	var got []string
	for _, o := range w.owed {
		got = append(got, fmt.Sprintf("%s %s", strings.TrimPrefix(string(o.Event), "conversion."), o.Values["status"]))
	}
	if diff := cmp.Diff([]string{"created pending", "approved sale", "reversed trash"}, got); diff != "" {
		t.Errorf("events and their words, -want +got:\n%s", diff)
	}
	if got := w.conversions[0].Status; got != "rejected" {
		t.Errorf("the conversion is %s, want rejected", got)
	}
}

// adValues gives what is owed of the IDs of ad platforms, by name.
func adValues(o *delivery.Owed) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(o.Values)) {
		if n, ok := param.Signal.Find(name); ok && n >= param.FBCLID && n <= param.TTP {
			all = append(all, name+"="+o.Values[name])
		}
	}
	return strings.Join(all, " ")
}

// TestAdPlatformsIDs: a server's word goes before the click's, a browser adds what
// nobody has said.
func TestAdPlatformsIDs(t *testing.T) {
	const fbcOfClick = "fbc=fb.1.1795348800000.f1"
	tests := []struct {
		name  string
		click map[param.Name]string
		hits  string
		want  string // with the last event
	}{
		{name: "none", hits: "postback", want: ""},
		{name: "the click's", click: map[param.Name]string{param.GCLID: "g1", param.TTCLID: "t1"}, hits: "postback", want: "gclid=g1 ttclid=t1"},
		{name: "Meta's, made of the click's", click: map[param.Name]string{param.FBCLID: "f1"}, hits: "postback", want: fbcOfClick + " fbclid=f1"},
		{name: "Meta's, as it came", click: map[param.Name]string{param.FBCLID: "f1", param.FBC: "fb.1.5.f1"}, hits: "postback", want: "fbc=fb.1.5.f1 fbclid=f1"},
		{name: "a server's before the click's", click: map[param.Name]string{param.GCLID: "g1"}, hits: "postback gclid=g2 fbp=p", want: "fbp=p gclid=g2"},
		{name: "a server's fbclid, of when it came", click: map[param.Name]string{param.FBCLID: "f1", param.FBC: "fb.1.5.f1"}, hits: "postback fbclid=f2", want: "fbc=fb.1.1795352400000.f2 fbclid=f2"},
		{name: "a server that says the same", click: map[param.Name]string{param.FBCLID: "f1"}, hits: "postback fbclid=f1", want: fbcOfClick + " fbclid=f1"},
		{name: "a server's fbc", click: map[param.Name]string{param.FBCLID: "f1"}, hits: "postback fbc=fb.1.6.f1", want: "fbc=fb.1.6.f1 fbclid=f1"},
		{name: "a browser's where there is none", click: map[param.Name]string{param.GCLID: "g1"}, hits: "pixel gclid=g2 fbp=p", want: "fbp=p gclid=g1"},
		{name: "a server's before a browser's", hits: "pixel fbp=p1, postback fbp=p2", want: "fbp=p2"},
		{name: "a browser's that the server does not know", hits: "pixel fbp=p1, postback", want: "fbp=p1"},
		{name: "a server's word stays", hits: "postback goal=edit amount=1 gclid=g, postback goal=edit amount=2", want: "gclid=g"},
		{name: "a server's later word", hits: "postback goal=edit amount=1 gclid=g, postback goal=edit amount=2 gclid=h", want: "gclid=h"},
		{name: "a macro that nobody filled in is no ID", hits: "postback gclid={gclid} fbp=p", want: "fbp=p"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, subscribe(1, nil))
			for n, id := range tt.click {
				w.click.AdIDs[n-param.FBCLID] = id
			}
			for hit := range strings.SplitSeq(tt.hits, ", ") {
				w.hit(hit)
			}
			if got := adValues(&w.owed[len(w.owed)-1]); got != tt.want {
				t.Errorf("%s\n owes %s\n want %s", tt.hits, got, tt.want)
			}
		})
	}
}

// TestEveryAdPlatformsIDIsCopied under its own name.
func TestEveryAdPlatformsIDIsCopied(t *testing.T) {
	w := newWorld(t, subscribe(1, nil))
	var want []string
	for i := range click.AdIDs {
		name := (param.FBCLID + param.Name(i)).String()
		w.click.AdIDs[i] = "of-" + name
		want = append(want, name+"=of-"+name)
	}
	w.hit("postback")
	slices.Sort(want)
	if got := adValues(&w.owed[0]); got != strings.Join(want, " ") {
		t.Errorf("owed:\n%s\nwant\n%s", got, strings.Join(want, " "))
	}
	if got := w.conversions[0].Touch.AdIDs; len(got) != click.AdIDs || got["ttp"] != "of-ttp" {
		t.Errorf("the touch has %v", got)
	}
}

// TestEMailsAreForwarded to those whose templates have them, with what the signal
// that brought them owes, and nowhere else.
func TestEMailsAreForwarded(t *testing.T) {
	const url = "https://far.example/?em={email_sha256}"
	jane := param.Digest("jane@example.com")
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   bool
	}{
		{name: "the advertiser who wants it", change: func(s *delivery.Subscription) { s.Owner, s.URL = delivery.Owner{AdvertiserID: 3}, url }, want: true},
		{name: "the network that wants it", change: func(s *delivery.Subscription) { s.Owner, s.URL = delivery.Owner{Network: true}, url }, want: true},
		{name: "who does not want it", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{Network: true}, "https://far.example/?o={order_id}"
		}},
		{name: "an affiliate who may know", change: func(s *delivery.Subscription) { s.URL, s.ShareVisitor = url, true }, want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, subscribe(1, tt.change))
			s := w.signal("postback status=pending email=emailhash:0e")
			s.EmailSHA256 = jane
			w.settle(s)
			w.hit("postback status=approved")
			if len(w.owed) != 2 {
				t.Fatalf("owed: %+v", w.owed)
			}
			got, there := w.owed[0].Values["email_sha256"]
			if there != tt.want || there && got != jane {
				t.Errorf("told: %q (%v), want told %v", got, there, tt.want)
			}
			if got, there := w.owed[1].Values["email_sha256"]; there {
				t.Errorf("a later event tells %q, which its signal did not bring", got)
			}
			if kept := fmt.Sprintf("%+v", w.conversions); strings.Contains(kept, jane) {
				t.Errorf("the conversion keeps the digest: %s", kept)
			}
		})
	}
}
