package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/problem"
)

// TestOf holds what each kind of fault is answered with: clients go by the codes.
func TestOf(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		"internal": 500, "invalid": 422, "unauthorized": 401, "forbidden": 403, "not_found": 404, "conflict": 409,
		"stale": 412, "limited": 429, "unavailable": 503, "damaged": 503, "confirm_first": 403,
	}
	got := map[string]int{}
	titles := map[string]bool{}
	for k := fault.Internal; k <= fault.ConfirmFirst; k++ {
		kind := problem.Of(k)
		got[kind.Code] = kind.Status
		titles[kind.Title] = true
		if kind.Code != k.String() || kind.URI() != "urn:waybill:problem:"+k.String() {
			t.Errorf("a fault of kind %s is answered as %s, %s", k, kind.Code, kind.URI())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses by code (-want +got):\n%s", diff)
	}
	if len(titles) != len(want) {
		t.Errorf("there are %d titles for %d kinds", len(titles), len(want))
	}
	if got := problem.Of(fault.Kind(200)); got.Status != http.StatusInternalServerError {
		t.Errorf("a kind that there is not is answered %+v", got)
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	at := func(location, message string) problem.Place {
		return problem.Place{Location: location, Message: message}
	}
	tests := []struct {
		name string
		err  error
		want problem.Problem
	}{
		{
			"one fault tells itself", fmt.Errorf("save: %w", fault.New(fault.Conflict, "it is there already")),
			problem.Problem{Type: "urn:waybill:problem:conflict", Title: "It contradicts what is there", Status: 409, Detail: "it is there already"},
		},
		{
			"a field has its place in the body", fault.At("name", "is missing"),
			problem.Problem{
				Type: "urn:waybill:problem:invalid", Title: "The request is wrong", Status: 422, Detail: "body.name: is missing",
				Errors: []problem.Place{at("body.name", "is missing")},
			},
		},
		{
			"several are told all at once", errors.Join(fault.At("query.limit", "is too much"), fault.At("name", "is missing")),
			problem.Problem{
				Type: "urn:waybill:problem:invalid", Title: "The request is wrong", Status: 422, Detail: "Several fields are wrong.",
				Errors: []problem.Place{at("query.limit", "is too much"), at("body.name", "is missing")},
			},
		},
		{
			"what is no fault is for the log alone", fmt.Errorf("read /secret/path: %w", io.EOF),
			problem.Problem{
				Type: "urn:waybill:problem:internal", Title: "Something went wrong", Status: 500,
				Detail: "Something went wrong on our side. The operator's log tells what, under the request's ID.",
			},
		},
		{
			"nor is a cause told", fault.Because(io.EOF, fault.Unavailable, "try again later"),
			problem.Problem{Type: "urn:waybill:problem:unavailable", Title: "Not possible at the moment", Status: 503, Detail: "try again later"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := problem.From(tt.err)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("From(%v) (-want +got):\n%s", tt.err, diff)
			}
			if got.Error() != tt.want.Detail {
				t.Errorf("as an error it says %q", got)
			}
		})
	}
}

func TestProblemAsJSON(t *testing.T) {
	t.Parallel()
	p := problem.New(problem.TooLarge(), "A body may have up to 1 byte.")
	p.Instance = problem.Instance("abc")
	got, err := json.Marshal(p)
	const want = `{"type":"urn:waybill:problem:too_large","title":"The body is too large","status":413,` +
		`"detail":"A body may have up to 1 byte.","instance":"urn:waybill:request:abc"}`
	if err != nil || string(got) != want {
		t.Errorf("it is written %s, %v; want %s", got, err, want)
	}
	for _, k := range []problem.Kind{problem.Malformed(), problem.NotJSON(), problem.WrongMethod()} {
		if k.Status < 400 || k.Status >= 500 || k.Code == "" || k.Title == "" {
			t.Errorf("%+v is no refusal", k)
		}
	}
}
