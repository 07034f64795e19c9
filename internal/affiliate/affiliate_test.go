package affiliate_test

import (
	"strings"
	"testing"

	"waybill/internal/affiliate"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*affiliate.Affiliate)
		fields string // of the faults, with spaces between
	}{
		{"takes a new one with a name", func(*affiliate.Affiliate) {}, ""},
		{"takes a pending one", func(a *affiliate.Affiliate) { a.Status = affiliate.Pending }, ""},
		{"takes a blocked one", func(a *affiliate.Affiliate) { a.Status = affiliate.Blocked }, ""},
		{"takes a name of 200 characters", func(a *affiliate.Affiliate) { a.Name = strings.Repeat("ß", 200) }, ""},
		{"refuses a longer name", func(a *affiliate.Affiliate) { a.Name = strings.Repeat("ß", 201) }, "name"},
		{"refuses no name", func(a *affiliate.Affiliate) { a.Name = "" }, "name"},
		{"refuses a name of spaces", func(a *affiliate.Affiliate) { a.Name = "  " }, "name"},
		{"refuses a name with a zero byte", func(a *affiliate.Affiliate) { a.Name = "a\x00" }, "name"},
		{"refuses no status", func(a *affiliate.Affiliate) { a.Status = "" }, "status"},
		{"names both mistakes", func(a *affiliate.Affiliate) { *a = affiliate.Affiliate{Status: "paused"} }, "name status"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := affiliate.Default()
			a.Name = "Blog network"
			tt.change(&a)
			err := a.Validate()
			var fields []string
			for _, f := range fault.All(err) {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields || err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("Validate() = %v; want Invalid faults at %q", err, tt.fields)
			}
		})
	}
}

func TestMaxIDFitsATransactionID(t *testing.T) {
	t.Parallel()
	if affiliate.MaxID != txid.MaxAffiliate {
		t.Errorf("MaxID = %d, transaction IDs have room for %d", affiliate.MaxID, txid.MaxAffiliate)
	}
}
