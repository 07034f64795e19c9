package chain_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/chain"
	"waybill/internal/signal"
)

// The IDs of a visitor who comes from a tracker through three installations.
const (
	ofTracker = "trkAB3XK2M7Q"
	ofFirst   = "4g0ssv1qpr0004006mqvcd26rh54rbwa"
	ofSecond  = "4g0ssv1qpr0004006mqvcd26rh54rbwb"
	ofThird   = "4g0ssv1qpr0004006mqvcd26rh54rbwc"
)

// whole gives a chain in which nothing is wrong.
func whole() []chain.Hop { return chainOf(ofTracker, ofFirst, ofSecond, ofThird) }

func chainOf(ids ...string) []chain.Hop {
	last := len(ids)
	hops := make([]chain.Hop, last+1)
	for k, id := range ids {
		hops[k] = chain.Hop{Name: fmt.Sprintf("hop %d", k), Part: &chain.Part{ID: id}}
		p := hops[k].Part
		p.Next = chain.Next{Host: host(k + 1), URL: "http://" + host(k+1) + "/click?offer_id=4&affiliate_id=1&aff_click_id=" + id}
		p.Heard = []chain.Heard{{ID: id, Status: signal.Accepted, Code: signal.OK, ConversionID: "c"}}
		if k > 0 {
			p.Before.ID = ids[k-1]
			p.Onward = []chain.Onward{postback(k-1, ids[k-1])}
		}
	}
	hops[0].Name, hops[0].Role, hops[0].Reads = "the tracker", chain.Tracker, []string{"cid"}
	hops[0].Part.Heard = []chain.Heard{{ID: ids[0]}}
	hops[1].Part.Onward[0].URL = "http://" + host(0) + "/postback?cid=" + ids[0] + "&payout=4.99"
	hops[last] = chain.Hop{Name: "the shop", Role: chain.Shop, Reads: []string{"tid"}, Part: &chain.Part{
		Before: chain.Before{ID: ids[last-1]}, Onward: []chain.Onward{postback(last-1, ids[last-1])},
	}}
	hops[last-1].Part.Next.URL = "http://" + host(last) + "/product?tid=" + ids[last-1]
	return hops
}

func host(k int) string { return fmt.Sprintf("hop%d.example", k) }

// postback is one to hop k, with success.
func postback(k int, id string) chain.Onward {
	return chain.Onward{
		SubscriptionID: 7, Host: host(k), State: "delivered", Attempts: 1, Status: 200,
		URL:    "http://" + host(k) + "/postback?transaction_id=" + id + "&amount=4.99&token=x",
		Answer: `{"status":"accepted","code":"ok"}`,
	}
}

// refused has hop k answer the postback about it with a code, and those behind
// it hear of nothing.
func refused(hops []chain.Hop, k int, code signal.Code) {
	o := &hops[k+1].Part.Onward[0]
	o.Status, o.State, o.Error = code.HTTP(), "waiting", "status"
	o.Answer = fmt.Sprintf(`{"status":"rejected","code":%q,"message":"No."}`, code)
	silence(hops, k)
}

// silence has hop k and those behind it hear of nothing.
func silence(hops []chain.Hop, k int) {
	for ; k >= 0; k-- {
		hops[k].Part.Heard = nil
		if k > 0 {
			hops[k].Part.Onward = nil
		}
	}
}

// rewrite puts another text in place of one in where hop k sent the visitor.
func rewrite(hops []chain.Hop, k int, old, text string) {
	n := &hops[k].Part.Next
	n.URL = strings.Replace(n.URL, old, text, 1)
}

func answered(hops []chain.Hop, k int, old, text string) {
	o := &hops[k].Part.Onward[0]
	o.URL = strings.Replace(o.URL, old, text, 1)
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(hops []chain.Hop)
		want   string // hop, way and kind of each loss
		fix    string // of the first, in part
	}{
		{name: "finds nothing where all is whole", change: func([]chain.Hop) {}},
		{
			name: "forgives one of our IDs in upper case",
			change: func(hops []chain.Hop) {
				rewrite(hops, 1, ofFirst, strings.ToUpper(ofFirst))
				hops[2].Part.Before.ID = strings.ToUpper(ofFirst)
				answered(hops, 2, ofFirst, strings.ToUpper(ofFirst))
			},
		},
		{
			name: "finds the tracker that hands on no ID",
			change: func(hops []chain.Hop) {
				rewrite(hops, 0, "&aff_click_id="+ofTracker, "")
				hops[1].Part.Before.ID = ""
				answered(hops, 1, ofTracker, "")
				refuse404(hops)
			},
			want: "0 out no_id", fix: "In the campaign link at the tracker, hand on its own ID unchanged: aff_click_id=",
		},
		{
			name: "finds the tracker that writes its ID in lower case",
			change: func(hops []chain.Hop) {
				rewrite(hops, 0, ofTracker, strings.ToLower(ofTracker))
				hops[1].Part.Before.ID = strings.ToLower(ofTracker)
				answered(hops, 1, ofTracker, strings.ToLower(ofTracker))
				refuse404(hops)
			},
			want: "0 out case_changed", fix: "the campaign link at the tracker",
		},
		{
			name: "finds the tracker that sends its macro as it stands",
			change: func(hops []chain.Hop) {
				rewrite(hops, 0, ofTracker, "{clickid}")
				hops[1].Part.Before.ID = "{clickid}"
				answered(hops, 1, ofTracker, "%7Bclickid%7D")
				refuse404(hops)
			},
			want: "0 out literal_macro", fix: "in place of {clickid}",
		},
		{
			name: "does not take another value's macro for the ID's",
			change: func(hops []chain.Hop) {
				rewrite(hops, 0, "aff_click_id="+ofTracker, "sub1={clickid}")
				hops[1].Part.Before.ID = ""
				answered(hops, 1, ofTracker, "")
				refuse404(hops)
			},
			want: "0 out no_id",
		},
		{
			name: "finds the installation whose link to the next lacks the ID",
			change: func(hops []chain.Hop) {
				rewrite(hops, 1, "aff_click_id="+ofFirst, "aff_click_id=")
				hops[2].Part.Before.ID = ""
				answered(hops, 2, ofFirst, "")
				refused(hops, 1, signal.TransactionIDMissing)
			},
			want: "1 out no_id", fix: "In the offer's destination_url at hop 1, hand on its own ID unchanged: aff_click_id={transaction_id}.",
		},
		{
			name: "finds the ID under a name that the next hop does not read",
			change: func(hops []chain.Hop) {
				rewrite(hops, 2, "aff_click_id=", "clickref=")
				hops[3].Part.Before.ID = ""
				answered(hops, 3, ofSecond, "")
				refused(hops, 2, signal.TransactionIDMissing)
			},
			want: "2 out wrong_parameter", fix: "In the offer's destination_url at hop 2, rename clickref to aff_click_id.",
		},
		{
			name: "tells an ID that is not kept from one under a wrong name",
			change: func(hops []chain.Hop) {
				hops[2].Part.Before.ID = ""
				answered(hops, 2, ofFirst, "")
				refused(hops, 1, signal.TransactionIDMissing)
			},
			want: "2 out no_id", fix: "Look for a redirector or a link shortener between them that drops or rewrites aff_click_id; hop 2 must keep",
		},
		{
			name: "finds an ID that was cut between two hops",
			change: func(hops []chain.Hop) {
				hops[2].Part.Before.ID = ofFirst[:20]
				answered(hops, 2, ofFirst, ofFirst[:20])
				refused(hops, 1, signal.TransactionIDInvalid)
			},
			want: "2 out cut", fix: "room for all 32 characters",
		},
		{
			name: "finds an ID that the hop itself cuts in its link",
			change: func(hops []chain.Hop) {
				rewrite(hops, 1, ofFirst, ofFirst[:20])
				hops[2].Part.Before.ID = ofFirst[:20]
				answered(hops, 2, ofFirst, ofFirst[:20])
				refused(hops, 1, signal.TransactionIDInvalid)
			},
			want: "1 out cut", fix: "destination_url at hop 1",
		},
		{
			name: "finds a redirector that writes a macro in place of the ID",
			change: func(hops []chain.Hop) {
				hops[2].Part.Before.ID = "{click_id}"
				answered(hops, 2, ofFirst, "%7Bclick_id%7D")
				refused(hops, 1, signal.MacroUnexpanded)
			},
			want: "2 out literal_macro", fix: "Look for a redirector",
		},
		{
			name: "finds an ID with something put around it",
			change: func(hops []chain.Hop) {
				hops[2].Part.Before.ID = "x_" + ofFirst
				answered(hops, 2, ofFirst, "x_"+ofFirst)
				refused(hops, 1, signal.TransactionIDInvalid)
			},
			want: "2 out wrapped",
		},
		{
			name: "finds an ID that became another",
			change: func(hops []chain.Hop) {
				hops[2].Part.Before.ID = ofThird
				answered(hops, 2, ofFirst, ofThird)
				refused(hops, 1, signal.ClickNotFound)
			},
			want: "2 out another_id",
		},
		{
			name: "follows a visitor no further than he came",
			change: func(hops []chain.Hop) {
				hops[1].Part.Next.TurnedAway = "offer_paused"
				hops[2].Part, hops[3].Part = &chain.Part{}, &chain.Part{}
				silence(hops, 1)
			},
			want: "1 out turned_away", fix: "Look at the offer at hop 1",
		},
		{
			name: "finds a link that leads elsewhere",
			change: func(hops []chain.Hop) {
				hops[2].Part, hops[3].Part = &chain.Part{}, &chain.Part{}
				silence(hops, 1)
			},
			want: "1 out not_arrived", fix: "put the tracking link that hop 2 gives out",
		},
		{
			name: "finds the shop that tells nothing",
			change: func(hops []chain.Hop) {
				hops[4].Part.Onward = nil
				silence(hops, 3)
			},
			want: "4 back no_postback", fix: "Have the shop call the postback URL of hop 3, with transaction_id=",
		},
		{
			name: "finds the shop that keeps twenty characters",
			change: func(hops []chain.Hop) {
				answered(hops, 4, ofThird, ofThird[:20])
				refused(hops, 3, signal.TransactionIDInvalid)
			},
			want: "4 back cut", fix: "In the postback that the shop sends, hand on the ID that it was handed unchanged",
		},
		{
			name: "finds the shop that sends a macro as it stands, in a body too",
			change: func(hops []chain.Hop) {
				o := &hops[4].Part.Onward[0]
				o.URL, o.Body = "http://"+host(3)+"/postback", "amount=4&transaction_id=%7Btid%7D"
				refused(hops, 3, signal.MacroUnexpanded)
			},
			want: "4 back literal_macro",
		},
		{
			name: "finds what a shop that sends JSON has cut",
			change: func(hops []chain.Hop) {
				o := &hops[4].Part.Onward[0]
				o.URL, o.Body = "http://"+host(3)+"/postback", `{"amount":4.5,"transaction_id":"`+ofThird[:12]+`"}`
				refused(hops, 3, signal.TransactionIDInvalid)
			},
			want: "4 back cut",
		},
		{
			name:   "finds an installation that has no postback",
			change: func(hops []chain.Hop) { silence(hops, 1); hops[2].Part.Onward = nil },
			want:   "2 back no_postback", fix: "At hop 2, save a postback of the affiliate that stands for hop 1, with transaction_id={aff_click_id} in its URL.",
		},
		{
			name: "finds a postback whose template lacks the ID",
			change: func(hops []chain.Hop) {
				answered(hops, 2, "transaction_id="+ofFirst+"&", "")
				refused(hops, 1, signal.TransactionIDMissing)
			},
			want: "2 back no_id", fix: "In the url of postback 7 at hop 2, hand on the ID that it was handed unchanged: transaction_id={aff_click_id}.",
		},
		{
			name: "finds a postback with the ID under a wrong name",
			change: func(hops []chain.Hop) {
				answered(hops, 3, "transaction_id=", "ref=")
				refused(hops, 2, signal.TransactionIDMissing)
			},
			want: "3 back wrong_parameter", fix: "rename ref to transaction_id",
		},
		{
			name: "finds a postback to the tracker in lower case",
			change: func(hops []chain.Hop) {
				answered(hops, 1, ofTracker, strings.ToLower(ofTracker))
				refuse404(hops)
			},
			want: "1 back case_changed", fix: "cid={aff_click_id}",
		},
		{
			name: "finds a postback to the tracker under a wrong name",
			change: func(hops []chain.Hop) {
				answered(hops, 1, "cid=", "click=")
				refuse404(hops)
			},
			want: "1 back wrong_parameter", fix: "rename click to cid",
		},
		{
			name: "finds a postback that nobody answers",
			change: func(hops []chain.Hop) {
				silence(hops, 1)
				o := &hops[2].Part.Onward[0]
				o.Status, o.Error, o.State = 0, "refused", "waiting"
			},
			want: "2 back not_delivered",
		},
		{
			name:   "finds a tracker that refuses its own ID",
			change: refuse404,
			want:   "0 back refused",
		},
		{
			name: "finds the sender without a token",
			change: func(hops []chain.Hop) {
				answered(hops, 2, "&token=x", "")
				refused(hops, 1, signal.TokenMissing)
			},
			want: "2 back refused", fix: "Put right at hop 1 what the answer names",
		},
		{
			name:   "finds a receiver that cannot read what it gave out itself",
			change: func(hops []chain.Hop) { refused(hops, 1, signal.TransactionIDInvalid) },
			want:   "1 back refused",
		},
		{
			name: "does not take a refused hit for the conversion",
			change: func(hops []chain.Hop) {
				refused(hops, 1, signal.CurrencyInvalid)
				hops[1].Part.Heard = []chain.Heard{{ID: ofFirst, Status: signal.Rejected, Code: signal.CurrencyInvalid}}
			},
			want: "2 back refused",
		},
		{
			name: "finds a postback that somebody else took",
			change: func(hops []chain.Hop) {
				silence(hops, 1)
				hops[2].Part.Onward[0].Answer = "OK"
			},
			want: "2 back elsewhere",
		},
		{
			name: "sees by one postback of several that it came",
			change: func(hops []chain.Hop) {
				o := hops[2].Part.Onward[0]
				o.URL, o.Status, o.Error = "http://other.example/?x=1", 500, "status"
				hops[2].Part.Onward = []chain.Onward{o, hops[2].Part.Onward[0]}
			},
		},
		{
			name: "finds two losses that have nothing to do with each other",
			change: func(hops []chain.Hop) {
				rewrite(hops, 0, ofTracker, strings.ToLower(ofTracker))
				hops[1].Part.Before.ID = strings.ToLower(ofTracker)
				answered(hops, 3, "transaction_id=", "ref=")
				refused(hops, 2, signal.TransactionIDMissing)
			},
			want: "0 out case_changed, 3 back wrong_parameter",
		},
		{
			name:   "goes on behind a hop whose books cannot be read",
			change: func(hops []chain.Hop) { hops[2].Part = nil },
		},
		{
			name: "says that nothing comes from a hop whose books cannot be read",
			change: func(hops []chain.Hop) {
				hops[2].Part = nil
				silence(hops, 1)
			},
			want: "2 back no_postback",
		},
		{
			name: "holds what is sent to a hop whose books cannot be read to the ID",
			change: func(hops []chain.Hop) {
				hops[2].Part = nil
				rewrite(hops, 1, ofFirst, "")
				silence(hops, 1)
			},
			want: "1 out no_id, 2 back no_postback",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hops := whole()
			tt.change(hops)
			losses := chain.Check(hops)
			var got []string
			for _, l := range losses {
				got = append(got, fmt.Sprintf("%d %s %s", l.Hop, l.Way, l.Kind))
				if l.Text == "" || l.Fix == "" || !strings.Contains(l.Text+l.Fix, hops[l.Hop].Name) {
					t.Errorf("the loss at %s is told as %q, %q", hops[l.Hop].Name, l.Text, l.Fix)
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Fatalf("Check() = %q, want %q; in words: %+v", got, tt.want, losses)
			}
			if tt.fix != "" && !strings.Contains(losses[0].Fix, tt.fix) {
				t.Errorf("the remedy is %q, want it to hold %q", losses[0].Fix, tt.fix)
			}
		})
	}
}

// refuse404 has the tracker answer as real ones do, that it has no such click.
func refuse404(hops []chain.Hop) {
	hops[0].Part.Heard = nil
	o := &hops[1].Part.Onward[0]
	o.Status, o.Error, o.Answer = 404, "status", "no click "+ofTracker
}

// TestOneLossIsFoundWhereItIs breaks one hand-over of a chain of any length: that
// one is named, and no other.
func TestOneLossIsFoundWhereItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{ofTracker}
		for k := range rapid.IntRange(1, 10).Draw(t, "installations") {
			ids = append(ids, ofFirst[:31]+string("0123456789"[k]))
		}
		hops := chainOf(ids...)
		k := rapid.IntRange(1, len(ids)-1).Draw(t, "broken")
		how := rapid.SampledFrom([]string{"no ID out", "no postback", "no ID back"}).Draw(t, "how")
		var want string
		switch how {
		case "no ID out":
			rewrite(hops, k-1, ids[k-1], "")
			hops[k].Part.Before.ID = ""
			answered(hops, k, ids[k-1], "")
			want = fmt.Sprintf("%d out no_id", k-1)
		case "no postback":
			hops[k].Part.Onward = nil
			want = fmt.Sprintf("%d back no_postback", k)
		default:
			answered(hops, k, ids[k-1], "")
			want = fmt.Sprintf("%d back no_id", k)
		}
		silence(hops, k-1)
		losses := chain.Check(hops)
		if len(losses) != 1 || fmt.Sprintf("%d %s %s", losses[0].Hop, losses[0].Way, losses[0].Kind) != want {
			t.Fatalf("Check() = %+v, want %s", losses, want)
		}
	})
}

func TestFind(t *testing.T) {
	tests := []struct {
		name    string
		address string
		want    chain.Place
	}{
		{"a whole ID", "https://a.example/?offer_id=4&cid=" + ofFirst, chain.Place{Parameter: "cid", Value: ofFirst}},
		{"the one of two that is read", "https://a.example/?x=" + ofFirst + "&tid=" + ofFirst, chain.Place{Parameter: "tid", Value: ofFirst}},
		{"one in the path", "https://a.example/in/" + ofFirst + "/", chain.Place{Parameter: "path", Value: ofFirst}},
		{"one that was cut", "https://a.example/?tid=" + ofFirst[:20], chain.Place{Parameter: "tid", Value: ofFirst[:20], Change: chain.Cut}},
		{"no ID in a number that it begins with", "https://a.example/?offer_id=4g0", chain.Place{Change: chain.Missing}},
		{"one within another text", "https://a.example/?tid=" + ofFirst + "%7C7", chain.Place{Parameter: "tid", Value: ofFirst + "|7", Change: chain.Wrapped}},
		{"a macro where the ID belongs", "https://a.example/?tid=%23s2%23", chain.Place{Parameter: "tid", Value: "#s2#", Change: chain.Literal}},
		{"nothing in what is no URL", "https://a.example/%zz", chain.Place{Change: chain.Missing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := chain.Find(tt.address, ofFirst, []string{"tid"}); got != tt.want {
				t.Errorf("Find(%s) = %+v, want %+v", tt.address, got, tt.want)
			}
		})
	}
}

// FuzzFind looks for an ID in any address: it never fails, and it finds the ID
// where it was put.
func FuzzFind(f *testing.F) {
	f.Add("https://a.example/?x=%zz&&=;tid={a}", ofFirst)
	f.Add("https://a.example/", "")
	f.Fuzz(func(t *testing.T, address, id string) {
		chain.Find(address, id, nil)
		if id == "" || strings.ContainsAny(address, "#") {
			return
		}
		separator := "?"
		if strings.Contains(address, "?") {
			separator = "&"
		}
		if _, err := url.Parse(address); err != nil {
			return
		}
		if got := chain.Find(address+separator+"tid="+url.QueryEscape(id), id, nil); got.Change != chain.Whole {
			t.Errorf("Find() = %+v in %q with %q at its end", got, address, id)
		}
	})
}
