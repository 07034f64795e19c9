package receiver_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/receiver"
)

const (
	whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // that of the specification's example
	shush = "a-secret-of-27-characters-x"
)

// tracker is a subscription with nothing wrong and nothing to warn of.
func tracker() delivery.Subscription {
	s := delivery.Default()
	s.Owner.AffiliateID = 7
	s.URL = "https://tracker.example/postback?cid={aff_click_id}&sum={payout}"
	return s
}

// formed is the same as a form.
func formed(s *delivery.Subscription) {
	s.Format, s.URL, s.Body = delivery.Form, "https://tracker.example/postback", "cid={aff_click_id}&sum={payout}"
}

// jsoned is the same as JSON.
func jsoned(s *delivery.Subscription) {
	s.Format, s.URL, s.Body = delivery.JSON, "https://tracker.example/postback", `{"cid":"{aff_click_id}","sum":{payout}}`
}

func hooked(s *delivery.Subscription) {
	s.Format, s.URL, s.Secret = delivery.Webhook, "https://tracker.example/hooks", whsec
}

// both makes two changes one after the other.
func both(a, b func(*delivery.Subscription)) func(*delivery.Subscription) {
	return func(s *delivery.Subscription) {
		a(s)
		b(s)
	}
}

// complaint is a field and a part of what is said of it.
type complaint struct{ field, text string }

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   []complaint
	}{
		{name: "a tracker's URL is right", change: func(*delivery.Subscription) {}},
		{name: "so is a form", change: formed},
		{name: "and JSON", change: jsoned},
		{name: "and JSON that is left to Waybill", change: both(jsoned, func(s *delivery.Subscription) { s.Body = "" })},
		{name: "and a webhook", change: hooked},
		{name: "and an affiliate's pixel", change: func(s *delivery.Subscription) { s.Format = delivery.Iframe }},
		{name: "plain http is right", change: func(s *delivery.Subscription) { s.URL = "http://tracker.example/{sub1}" }},
		{name: "some trackers want a POST", change: func(s *delivery.Subscription) { s.Method = "POST" }},
		{name: "some APIs a PUT", change: both(jsoned, func(s *delivery.Subscription) { s.Method = "PUT" })},
		{name: "headers may hold macros", change: func(s *delivery.Subscription) {
			s.Headers = map[string]string{"X-Click": "{aff_click_id}", "Authorization": "Bearer 123", "Content-Type": "text/plain"}
		}},

		{name: "a URL is needed", change: func(s *delivery.Subscription) { s.URL = "" }, want: []complaint{{"url", "is missing: where the postback goes, as in https://"}}},
		{name: "a URL leads to a web server", change: func(s *delivery.Subscription) { s.URL = "ftp://tracker.example/{sub1}" }, want: []complaint{{"url", "must begin with https://"}}},
		{name: "no macro decides where it goes", change: func(s *delivery.Subscription) { s.URL = "https://{sub1}/" }, want: []complaint{{"url", "behind the host"}}},
		{name: "each unknown macro is named", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{Sub1}?{click_id}" }, want: []complaint{{"url", "{sub1}"}, {"url", "{aff_click_id}"}}},
		{name: "an affiliate never learns the revenue", change: func(s *delivery.Subscription) { s.URL += "&r={revenue}" }, want: []complaint{{"url", "{revenue} cannot stand"}}},
		{name: "not in a header either", change: func(s *delivery.Subscription) { s.Headers = map[string]string{"X-R": "{revenue}"} }, want: []complaint{{"headers[X-R]", "{revenue} cannot stand"}}},
		{name: "nor in a body", change: both(jsoned, func(s *delivery.Subscription) { s.Body = `{"r":{revenue}}` }), want: []complaint{{"body", "{revenue} cannot stand"}}},
		{name: "nor a visitor's address", change: func(s *delivery.Subscription) { s.URL += "&ip={ip}" }, want: []complaint{{"url", "{ip} cannot stand"}}},
		{name: "unless the network shares it", change: func(s *delivery.Subscription) { s.URL, s.ShareVisitor = s.URL+"&ip={ip}", true }},
		{name: "an advertiser never learns the payout", change: func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 2} }, want: []complaint{{"url", "{payout} cannot stand"}}},
		{name: "the network may know all", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{Network: true}, "https://n.example/{payout}/{revenue}/{ip}"
		}},

		{name: "a GET has no body", change: func(s *delivery.Subscription) { s.Body = "a=b" }, want: []complaint{{"body", "use format form or json"}}},
		{name: "a form is not sent by GET", change: both(formed, func(s *delivery.Subscription) { s.Method = "GET" }), want: []complaint{{"method", "use POST or PUT"}}},
		{name: "a form has a body", change: both(formed, func(s *delivery.Subscription) { s.Body = "" }), want: []complaint{{"body", "is missing"}}},
		{name: "what is called JSON is JSON", change: both(jsoned, func(s *delivery.Subscription) { s.Body = `{"a":{payout},}` }), want: []complaint{{"body", "is not JSON"}}},
		{name: "a webhook goes by POST", change: both(hooked, func(s *delivery.Subscription) { s.Method = "PUT" }), want: []complaint{{"method", "use POST"}}},
		{name: "and makes its own body", change: both(hooked, func(s *delivery.Subscription) { s.Body = "{}" }), want: []complaint{{"body", "does not go with format webhook"}}},
		{name: "its secret is needed", change: both(hooked, func(s *delivery.Subscription) { s.Secret = "" }), want: []complaint{{"secret", "is missing"}}},
		{name: "in the form of the specification", change: both(hooked, func(s *delivery.Subscription) { s.Secret = "whsec_c2hvcnQ=" }), want: []complaint{{"secret", "24 to 64 bytes in base64"}}},
		{name: "the one before it too", change: both(hooked, func(s *delivery.Subscription) { s.PreviousSecret = "old-secret" }), want: []complaint{{"previous_secret", "24 to 64 bytes in base64"}}},
		{name: "secrets survive a copy", change: func(s *delivery.Subscription) { s.Secret = "two words" }, want: []complaint{{"secret", "without spaces"}}},
		{name: "and are not guessed", change: func(s *delivery.Subscription) { s.Secret = "1234567" }, want: []complaint{{"secret", "8 to 200"}}},
		{name: "pixels are affiliates'", change: func(s *delivery.Subscription) {
			s.Owner, s.Format = delivery.Owner{Network: true}, delivery.Image
		}, want: []complaint{{"format", "use get, form, json or webhook"}}},
		{name: "a browser sets its own headers", change: func(s *delivery.Subscription) {
			s.Format, s.Headers = delivery.Image, map[string]string{"X-A": "b"}
		}, want: []complaint{{"headers", "set by the format"}}},
		{name: "and goes by GET", change: func(s *delivery.Subscription) { s.Format, s.Method = delivery.Image, "POST" }, want: []complaint{{"method", "use GET"}}},

		{name: "some headers are Waybill's", change: func(s *delivery.Subscription) {
			s.Headers = map[string]string{"host": "a", "Content-Length": "3", "waybill-delivery-id": "x"}
		}, want: []complaint{{"headers[Content-Length]", "set by Waybill"}, {"headers[host]", "set by Waybill"}, {"headers[waybill-delivery-id]", "set by Waybill"}}},
		{name: "a signature is not to be forged", change: both(hooked, func(s *delivery.Subscription) {
			s.Headers = map[string]string{"Webhook-Signature": "v1,x"}
		}), want: []complaint{{"headers[Webhook-Signature]", "set by Waybill"}}},
		{name: "names of headers are words", change: func(s *delivery.Subscription) {
			s.Headers = map[string]string{"X A": "b", "": "c", "A\r\nB": "d", "X-{sub1}": "e"}
		}, want: []complaint{{"headers[]", "not the name"}, {"headers[A\r\nB]", "not the name"}, {"headers[X A]", "not the name"}, {"headers[X-{sub1}]", "not the name"}}},
		{name: "case makes no second header", change: func(s *delivery.Subscription) {
			s.Headers = map[string]string{"x-key": "b", "X-Key": "c"}
		}, want: []complaint{{"headers[x-key]", "is there twice"}}},
		{name: "a header is one line", change: func(s *delivery.Subscription) { s.Headers = map[string]string{"X-A": "b\r\nX-B: c"} }, want: []complaint{{"headers[X-A]", "printable ASCII"}}},
		{name: "and no book", change: func(s *delivery.Subscription) {
			s.Headers = map[string]string{"X-A": strings.Repeat("b", 5000)}
		}, want: []complaint{{"headers[X-A]", "the most is 4096"}}},

		{name: "what a format does not know is refused", change: func(s *delivery.Subscription) { s.Parameters = map[string]string{"pixel": "1"} }, want: []complaint{{"parameters.pixel", "has no parameters"}}},
		{name: "with what was probably meant", change: func(s *delivery.Subscription) {
			s.Format, s.URL = delivery.MetaCAPI, ""
			s.Parameters = map[string]string{"dataset": "1234567890", "acces_token": shush, "event": "Purchase"}
		}, want: []complaint{{"parameters.dataset_id", "is missing"}, {"parameters.access_token", "is missing"}, {"parameters.acces_token", "did you mean access_token?"}, {"parameters.dataset", "dataset_id"}}},

		{name: "a signed URL", change: signed},
		{name: "a signed form", change: both(formed, func(s *delivery.Subscription) {
			s.Secret, s.Body = shush, s.Body+"&ts={timestamp|unix}&sig={sig}"
		})},
		{name: "signed JSON", change: both(jsoned, func(s *delivery.Subscription) {
			s.Secret, s.Headers = shush, map[string]string{"Waybill-Signature": "t={timestamp},v1={sig}"}
		})},
		{name: "a signature needs a secret", change: both(signed, func(s *delivery.Subscription) { s.Secret = "" }), want: []complaint{{"secret", "{sig} needs one"}}},
		{name: "and the time", change: both(signed, func(s *delivery.Subscription) { s.URL = strings.Replace(s.URL, "{timestamp}", "now", 1) }), want: []complaint{{"url", "&ts={timestamp}&sig={sig}"}}},
		{name: "in seconds", change: both(signed, func(s *delivery.Subscription) {
			s.URL = strings.Replace(s.URL, "{timestamp}", "{timestamp|unix_ms}", 1)
		}), want: []complaint{{"url", "&ts={timestamp}&sig={sig}"}}},
		{name: "it comes last", change: both(signed, func(s *delivery.Subscription) { s.URL += "&end=1" }), want: []complaint{{"url", "is the last one"}}},
		{name: "in a query", change: both(signed, func(s *delivery.Subscription) { s.URL = strings.Replace(s.URL, "?", "/", 1) }), want: []complaint{{"url", "is the last one"}}},
		{name: "that is sent", change: both(signed, func(s *delivery.Subscription) { s.URL = strings.Replace(s.URL, "?", "#?", 1) }), want: []complaint{{"url", "is the last one"}}},
		{name: "and once", change: both(signed, func(s *delivery.Subscription) { s.URL = strings.Replace(s.URL, "cid=", "x={sig}&cid=", 1) }), want: []complaint{{"url", "one signature"}}},
		{name: "unfiltered", change: both(signed, func(s *delivery.Subscription) { s.URL = strings.Replace(s.URL, "{sig}", "{sig|lower}", 1) }), want: []complaint{{"url", "no filters"}}},
		{name: "of a URL not in a header", change: both(signed, func(s *delivery.Subscription) {
			s.URL, s.Headers = "https://t.example/?c={sub1}", map[string]string{"X-Sig": "{timestamp}.{sig}"}
		}), want: []complaint{{"headers[X-Sig]", "end of the URL"}}},
		{name: "of a body not in the URL", change: both(jsoned, func(s *delivery.Subscription) {
			s.Secret, s.URL = shush, s.URL+"?a=b&ts={timestamp}&sig={sig}"
		}), want: []complaint{{"url", "belongs into a header: Waybill-Signature: t={timestamp},v1={sig}"}}},
		{name: "a webhook is signed already", change: both(hooked, func(s *delivery.Subscription) { s.URL += "?a=b&ts={timestamp}&sig={sig}" }), want: []complaint{{"url", "not for format webhook"}}},

		{name: "a destination's story is told without macros", change: both(jsoned, func(s *delivery.Subscription) {
			s.On = []conversion.Event{delivery.EventDestinationOpened}
		}), want: []complaint{{"body", "leave body open"}}},
		{name: "as webhooks tell it", change: both(jsoned, func(s *delivery.Subscription) {
			s.On, s.Body = []conversion.Event{delivery.EventDestinationOpened}, ""
		})},
		{
			name: "all mistakes are told at once", change: func(s *delivery.Subscription) {
				*s = delivery.Subscription{Format: delivery.Form, Method: "GET", Body: "{x}", Headers: map[string]string{"Host": "a"}, Parameters: map[string]string{"a": "b"}, Secret: "x"}
			},
			want: []complaint{
				{"owner", "is missing"},
				{"on", "is empty"},
				{"status", "is missing"},
				{"method", "use POST"},
				{"url", "is missing"},
				{"headers[Host]", "set by Waybill"},
				{"parameters.a", "has no parameters"},
				{"body", "{x}"},
				{"secret", "8 to 200"},
			},
		},
		{name: "an unknown format is told once", change: func(s *delivery.Subscription) { s.Format = "xml" }, want: []complaint{{"format", "use get, form, json"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			got := fault.All(receiver.Validate(s))
			if len(got) != len(tt.want) {
				t.Fatalf("Validate() = %v, want %v", got, tt.want)
			}
			for i, want := range tt.want {
				if got[i].Field != want.field || !strings.Contains(got[i].Text, want.text) || got[i].Kind != fault.Invalid {
					t.Errorf("complaint %d = %v (%s), want %v", i, got[i], got[i].Kind, want)
				}
			}
		})
	}
}

// signed makes a subscription's URL end with a signature.
func signed(s *delivery.Subscription) {
	s.Secret, s.URL = shush, s.URL+"&ts={timestamp}&sig={sig}"
}

func TestWarnings(t *testing.T) {
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		want   []complaint
	}{
		{name: "nothing to say", change: func(*delivery.Subscription) {}},
		{name: "no click to be told by", change: func(s *delivery.Subscription) { s.URL = "https://t.example/?p={payout}" }, want: []complaint{{"url", "which click"}}},
		{name: "nor in the body", change: both(formed, func(s *delivery.Subscription) { s.Body = "p={payout}" }), want: []complaint{{"body", "which click"}}},
		{name: "the body may tell it", change: formed},
		{name: "a free value may tell it", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{sub10}" }},
		{name: "so may our ID", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{transaction_id}" }},
		{name: "and the conversion's", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{conversion_id}" }},
		{name: "an advertiser's free value is not the click's", change: func(s *delivery.Subscription) { s.URL = "https://t.example/{adv1}" }, want: []complaint{{"url", "which click"}}},
		{name: "others know their own ways", change: func(s *delivery.Subscription) {
			s.Owner, s.URL = delivery.Owner{Network: true}, "https://t.example/{payout}"
		}},
		{name: "http can be read", change: func(s *delivery.Subscription) { s.URL = "HTTP://t.example/{sub1}" }, want: []complaint{{"url", "https"}}},
		{name: "a private network", change: func(s *delivery.Subscription) { s.URL = "https://10.1.2.3:8443/{sub1}" }, want: []complaint{{"url", "private"}}},
		{name: "this machine", change: func(s *delivery.Subscription) { s.URL = "http://localhost:8080/{sub1}" }, want: []complaint{{"url", "https"}, {"url", "private"}}},
		{name: "this machine in numbers", change: func(s *delivery.Subscription) { s.URL = "https://[::ffff:127.0.0.1]/{sub1}" }, want: []complaint{{"url", "private"}}},
		{name: "a public address", change: func(s *delivery.Subscription) { s.URL = "https://198.41.0.4/{sub1}" }},
		{name: "a secret that signs", change: signed},
		{name: "a secret that signs nothing", change: func(s *delivery.Subscription) { s.Secret = shush }, want: []complaint{{"secret", "signs nothing"}}},
		{name: "words that nobody hears", change: func(s *delivery.Subscription) { s.StatusWords = map[string]string{"rejected": "no"} }, want: []complaint{{"status_words", "{status}"}}},
		{name: "words in a webhook", change: both(hooked, func(s *delivery.Subscription) { s.StatusWords = map[string]string{"rejected": "no"} })},
		{name: "what is wrong is not warned of", change: func(s *delivery.Subscription) { s.URL = "http://{sub1}" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			tt.change(&s)
			got := receiver.Warnings(s)
			if len(got) != len(tt.want) {
				t.Fatalf("Warnings() = %v, want %v", got, tt.want)
			}
			for i, want := range tt.want {
				if got[i].Field != want.field || !strings.Contains(got[i].Text, want.text) {
					t.Errorf("warning %d = %+v; want %v", i, got[i], want)
				}
			}
		})
	}
}

// TestPlan: what a plan says of itself.
func TestPlan(t *testing.T) {
	s := tracker()
	formed(&s)
	s.URL = "https://Tracker.Example:8443/{offer_id}"
	s.Headers = map[string]string{"X-A": "{sub1} {offer_id}"}
	p, err := receiver.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Host(); got != "tracker.example:8443" {
		t.Errorf("Host() = %q", got)
	}
	var names []string
	for _, n := range p.Names() {
		names = append(names, n.String())
	}
	if got := strings.Join(names, " "); got != "offer_id aff_click_id sub1 payout" {
		t.Errorf("Names() = %s", got)
	}
	if !p.Uses(macro.Payout) || p.Uses(macro.Revenue) {
		t.Error("Uses() does not tell what it uses")
	}
	if _, needed := p.Grant(); needed {
		t.Error("a form needs a grant")
	}
}

func TestComplete(t *testing.T) {
	for format, want := range map[delivery.Format]string{
		delivery.Get: "GET", delivery.Form: "POST", delivery.JSON: "POST", delivery.Webhook: "POST",
		delivery.MetaCAPI: "POST", delivery.Image: "GET", "xml": "",
	} {
		s := delivery.Subscription{Format: format}
		if receiver.Complete(&s); s.Method != want {
			t.Errorf("format %s goes by %q, want %q", format, s.Method, want)
		}
	}
	s := delivery.Subscription{Format: delivery.Get, Method: http.MethodPost}
	if receiver.Complete(&s); s.Method != http.MethodPost {
		t.Errorf("what was said became %q", s.Method)
	}
}
