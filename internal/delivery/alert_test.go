package delivery_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// TestAlertIDs: an alert has one ID however often it is seen, every other one
// another, and its deliveries sort by time.
func TestAlertIDs(t *testing.T) {
	alert := delivery.AlertID(delivery.EventDestinationOpened, 7, noon())
	if again := delivery.AlertID(delivery.EventDestinationOpened, 7, noon()); again != alert {
		t.Errorf("the same alert is %s and %s", alert, again)
	}
	seen := map[string]string{alert: "it", delivery.AlertDeliveryID(alert, noon(), 1): "its first delivery"}
	for name, id := range map[string]string{
		"another event":       delivery.AlertID(delivery.EventDestinationClosed, 7, noon()),
		"another destination": delivery.AlertID(delivery.EventDestinationOpened, 8, noon()),
		"another time":        delivery.AlertID(delivery.EventDestinationOpened, 7, noon().Add(time.Millisecond)),
		"another listener":    delivery.AlertDeliveryID(alert, noon(), 2),
	} {
		if was, taken := seen[id]; taken || len(id) != len(alert) {
			t.Errorf("%s has the ID %s, as %q", name, id, was)
		}
		seen[id] = name
	}
	early, late := delivery.AlertDeliveryID(alert, noon(), 9), delivery.AlertDeliveryID(alert, noon().Add(time.Hour), 1)
	if strings.Compare(early, late) >= 0 {
		t.Errorf("%s of noon does not sort before %s of an hour later", early, late)
	}
}
