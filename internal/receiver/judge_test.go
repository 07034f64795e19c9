package receiver_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

func TestJudge(t *testing.T) {
	says := func(s *delivery.Subscription) { s.SuccessContains, s.FailureContains = "OK", "error" }
	tests := []struct {
		name   string
		change func(*delivery.Subscription)
		status int
		header http.Header
		body   string
		want   receiver.Outcome // with a part of the detail
	}{
		{name: "200 is delivered", status: 200, body: "error"},
		{name: "204 is delivered", status: 204},
		{
			name: "a redirect is told where to", status: 302, header: http.Header{"Location": {"https://t.example/"}},
			want: receiver.Outcome{Class: delivery.ErrRedirect, Detail: "answered 302 Found; postbacks are not redirected: enter the address it leads to"},
		},
		{name: "one to nowhere is one too", status: 304, want: receiver.Outcome{Class: delivery.ErrRedirect, Detail: "answered 304 Not Modified"}},
		{name: "404 passes", status: 404, want: receiver.Outcome{Class: delivery.ErrStatus, Detail: "answered 404 Not Found"}},
		{name: "410 does not", status: 410, want: receiver.Outcome{Class: delivery.ErrGone, Permanent: true, Detail: "answered 410 Gone"}},
		{name: "429 passes", status: 429, want: receiver.Outcome{Class: delivery.ErrStatus, Detail: "answered 429"}},
		{name: "an unheard-of status passes", status: 599, want: receiver.Outcome{Class: delivery.ErrStatus, Detail: "answered 599"}},
		{name: "the words are there", change: says, status: 200, body: "<b>OK</b>"},
		{name: "they are not", change: says, status: 200, body: "ok", want: receiver.Outcome{Class: delivery.ErrAnswer, Detail: `answered 200 OK, but without "OK"`}},
		{name: "nor is a body", change: says, status: 204, want: receiver.Outcome{Class: delivery.ErrAnswer, Detail: `without "OK"`}},
		{name: "the wrong ones are there, too", change: says, status: 200, body: "OK, but error 7", want: receiver.Outcome{Class: delivery.ErrAnswer, Detail: `with "error"`}},
		{name: "a status says more than words", change: says, status: 500, body: "OK", want: receiver.Outcome{Class: delivery.ErrStatus, Detail: "answered 500"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tracker()
			if tt.change != nil {
				tt.change(&s)
			}
			p, err := receiver.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			got := p.Judge(tt.status, tt.header, []byte(tt.body))
			if got.Class != tt.want.Class || got.Permanent != tt.want.Permanent || !strings.Contains(got.Detail, tt.want.Detail) || (got.Detail == "") != (tt.want.Class == "") {
				t.Errorf("Judge() = %+v, want %+v", got, tt.want)
			}
		})
	}
}
