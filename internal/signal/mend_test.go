package signal_test

import (
	"testing"

	"waybill/internal/signal"
)

func TestMendable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		code signal.Code
		want bool
	}{
		{"a goal can be created", signal.GoalUnknown, true},
		{"a window can be made longer", signal.ClickExpired, true},
		{"the network can vouch for a sender", signal.TokenInvalid, true},
		{"what cannot be read stays so", signal.Malformed, false},
		{"an ID that is none stays so", signal.TransactionIDInvalid, false},
		{"a macro that was not filled in stays so", signal.MacroUnexpanded, false},
		{"the click of a visitor who was turned away earns nothing for good", signal.TurnedAway, false},
		{"what was counted needs no mending", signal.OK, false},
	}
	for _, tt := range tests {
		if got := tt.code.Mendable(); got != tt.want {
			t.Errorf("%s: %s.Mendable() = %t, want %t", tt.name, tt.code, got, tt.want)
		}
	}
}
