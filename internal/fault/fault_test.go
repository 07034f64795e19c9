package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"waybill/internal/fault"
)

func TestKindString(t *testing.T) {
	t.Parallel()
	tests := map[fault.Kind]string{
		fault.Internal: "internal", fault.Invalid: "invalid", fault.Unauthorized: "unauthorized",
		fault.Forbidden: "forbidden", fault.NotFound: "not_found", fault.Conflict: "conflict",
		fault.Stale: "stale", fault.Limited: "limited", fault.Unavailable: "unavailable",
		fault.Damaged: "damaged", fault.ConfirmFirst: "confirm_first", fault.Kind(200): "internal",
	}
	for kind, want := range tests {
		if got := kind.String(); got != want {
			t.Errorf("Kind(%d).String() = %q, want %q", kind, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	stale := fault.New(fault.Stale, "it was changed meanwhile")
	tests := []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"no error is nobody's fault", nil, fault.Internal},
		{"what nobody classified is internal", io.EOF, fault.Internal},
		{"a fault has its kind", stale, fault.Stale},
		{"wrapping keeps the kind", fmt.Errorf("save offer 7: %w", stale), fault.Stale},
		{"the first of several counts", errors.Join(io.EOF, stale, fault.At("name", "is missing")), fault.Stale},
		{"a cause does not change the kind", fault.Because(stale, fault.Unavailable, "try again"), fault.Unavailable},
	}
	for _, tt := range tests {
		if got := fault.Of(tt.err); got != tt.want {
			t.Errorf("%s: Of(%v) = %s, want %s", tt.name, tt.err, got, tt.want)
		}
	}
}

func TestErrorNamesFieldAndCause(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{fault.New(fault.NotFound, "there is no offer %d", 7), "there is no offer 7"},
		{fault.At("caps[1].limit", "must be positive, not %d", -3), "caps[1].limit: must be positive, not -3"},
		{fault.Because(io.EOF, fault.Unavailable, "the ledger is away"), "the ledger is away: EOF"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
	if err := fault.Because(io.EOF, fault.Unavailable, "away"); !errors.Is(err, io.EOF) {
		t.Errorf("errors.Is(%v, EOF) = false, want the cause to be found", err)
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	name, status := fault.At("name", "is missing"), fault.At("status", "is not known")
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"none in nothing", nil, nil},
		{"none in what is no fault", io.EOF, nil},
		{"one", name, []string{"name"}},
		{"several, in order", errors.Join(status, name), []string{"status", "name"}},
		{"below wrapping and joining", fmt.Errorf("save: %w", errors.Join(io.EOF, fmt.Errorf("check: %w", name), status)), []string{"name", "status"}},
		{"causes are the operator's", fault.Because(name, fault.Conflict, "no"), []string{""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := fault.All(tt.err)
			if len(got) != len(tt.want) {
				t.Fatalf("All(%v) has %d faults, want %d", tt.err, len(got), len(tt.want))
			}
			for i, want := range tt.want {
				if got[i].Field != want {
					t.Errorf("All(%v)[%d].Field = %q, want %q", tt.err, i, got[i].Field, want)
				}
			}
		})
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	inner := errors.Join(fault.At("code", "is missing"), fault.New(fault.Conflict, "it contradicts itself"))
	got := fault.All(fault.Within("goals[2]", inner))
	want := []fault.Error{
		{Kind: fault.Invalid, Field: "goals[2].code", Text: "is missing"},
		{Kind: fault.Conflict, Field: "goals[2]", Text: "it contradicts itself"},
	}
	if len(got) != len(want) {
		t.Fatalf("Within() has %d faults, want %d", len(got), len(want))
	}
	for i := range want {
		if *got[i] != want[i] {
			t.Errorf("Within()[%d] = %+v, want %+v", i, *got[i], want[i])
		}
	}
	if first := fault.All(inner)[0]; first.Field != "code" {
		t.Errorf("Within() changed the fault it was given: field %q", first.Field)
	}
	if err := fault.Within("goals[2]", io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("Within(EOF) = %v, want EOF as it was", err)
	}
	if err := fault.Within("goals[2]", nil); err != nil {
		t.Errorf("Within(nil) = %v, want nil", err)
	}
}
