package savedreport_test

import (
	"strings"
	"testing"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/savedreport"
)

func TestSavedReportsAreChecked(t *testing.T) {
	tests := []struct {
		name  string
		saved savedreport.Report
		field string // that is wrong; empty where nothing is
	}{
		{"a name and a query", savedreport.Report{Name: "By offer", Query: "dimensions=offer&metrics=clicks"}, ""},
		{"a page without a query", savedreport.Report{Name: "All"}, ""},
		{"no name", savedreport.Report{Name: "  ", Query: "a=b"}, "name"},
		{"a name of 200 characters", savedreport.Report{Name: strings.Repeat("ü", 200)}, ""},
		{"a longer one", savedreport.Report{Name: strings.Repeat("ü", 201)}, "name"},
		{"a name of two lines", savedreport.Report{Name: "a\nb"}, "name"},
		{"a query of 4 KiB", savedreport.Report{Name: "a", Query: strings.Repeat("a", 4096)}, ""},
		{"a longer one", savedreport.Report{Name: "a", Query: strings.Repeat("a", 4097)}, "query"},
		{"what is no query", savedreport.Report{Name: "a", Query: "filter=%zz"}, "query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var wrong string
			for _, f := range fault.All(tt.saved.Validate()) {
				wrong += f.Field
			}
			if wrong != tt.field {
				t.Errorf("wrong is %q, want %q", wrong, tt.field)
			}
		})
	}
}

func TestSavedReportsAreSeenOnTheirSide(t *testing.T) {
	user := func(id int64, role account.Role, grade account.Grade, advertiser, affiliate int64) account.Principal {
		return account.Principal{UserID: id, Role: role, Grade: grade, AdvertiserID: advertiser, AffiliateID: affiliate}
	}
	owner, analyst := user(1, account.Network, account.Owner, 0, 0), user(2, account.Network, account.Analyst, 0, 0)
	shop, colleague := user(3, account.Advertiser, "", 1, 0), user(4, account.Advertiser, "", 1, 0)
	blog := user(5, account.Affiliate, "", 0, 1)
	tests := []struct {
		name               string
		of                 account.Principal
		shared             bool
		who                account.Principal
		is, seen, clearing bool
	}{
		{"its owner", analyst, false, analyst, true, true, true},
		{"another of the team", analyst, false, owner, false, false, false},
		{"another of the team, when it is shared", owner, true, analyst, false, true, false},
		{"the owner of the installation clears what is shared", analyst, true, owner, false, true, true},
		{"a colleague at the same advertiser", shop, true, colleague, false, true, false},
		{"a colleague, when it is not shared", shop, false, colleague, false, false, false},
		{"the network does not see a partner's", shop, true, owner, false, false, false},
		{"another side of the same number", shop, true, blog, false, false, false},
		{"the owner's own, with a partner's eyes", owner, true, owner.As(account.Advertiser, 1), false, false, false},
		{"the partner's, with the partner's eyes", shop, true, owner.As(account.Advertiser, 1), false, true, false},
		{"a key has none", owner, true, account.Principal{KeyID: 1, Role: account.Network, Grade: account.Owner}, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := savedreport.Report{UserID: tt.of.UserID, Side: savedreport.SideOf(tt.of), Shared: tt.shared}
			is, seen, clearing := s.IsOf(tt.who), s.SeenBy(tt.who), s.ClearedBy(tt.who)
			if is != tt.is || seen != tt.seen || clearing != tt.clearing {
				t.Errorf("is its own %t, sees it %t, may clear it %t; want %t, %t, %t", is, seen, clearing, tt.is, tt.seen, tt.clearing)
			}
		})
	}
}
