package bustle_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"waybill/internal/demo/bustle"
)

// agents gives a hundred user agents.
func agents() []string {
	var all []string
	for n := range 100 {
		all = append(all, fmt.Sprintf("Browser/%d", n))
	}
	return all
}

// market is one of three campaigns and four affiliates.
func market() bustle.Market {
	return bustle.Market{Affiliates: 4, Campaigns: 3, Agents: agents()}
}

func TestTheSameSeedGivesTheSameVisitors(t *testing.T) {
	t.Parallel()
	a, b, other := bustle.New(7, market()), bustle.New(7, market()), bustle.New(8, market())
	differ := false
	for range 100 {
		one, same, another := a.Next(), b.Next(), other.Next()
		if one != same {
			t.Fatalf("the same seed gives %+v and %+v", one, same)
		}
		differ = differ || one != another
	}
	if !differ {
		t.Error("another seed gives the same visitors")
	}
}

func TestVisitorsAreGentleAndVaried(t *testing.T) {
	t.Parallel()
	b := bustle.New(1, market())
	const n = 5000
	deeds, campaigns, seen, from, subs := map[bustle.Deed]int{}, map[int]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for i := range n {
		v := b.Next()
		least, most := 2*time.Second, 6*time.Second
		if i >= 20 {
			least, most = 12*time.Second, 36*time.Second
		}
		if v.Wait < least || v.Wait >= most {
			t.Fatalf("visitor %d comes after %s, want %s to %s", i, v.Wait, least, most)
		}
		if _, err := netip.ParseAddr(v.Address); err != nil {
			t.Fatal(err)
		}
		if v.Agent == "" || v.Sub == "" || v.Source == "" || v.Amount == "" || v.Campaign < 0 || v.Campaign > 2 || v.Affiliate < 0 || v.Affiliate > 3 {
			t.Fatalf("a visitor lacks something: %+v", v)
		}
		deeds[v.Deed]++
		campaigns[v.Campaign]++
		seen[v.Agent]++
		from[v.Address]++
		subs[v.Sub]++
	}
	for _, want := range []struct {
		what string
		got  int
		at   int
	}{{"campaigns", len(campaigns), 3}, {"agents", len(seen), 50}, {"addresses", len(from), 7}, {"placements", len(subs), 5}} {
		if want.got < want.at {
			t.Errorf("%d %s, want %d or more", want.got, want.what, want.at)
		}
	}
	if first, last := agents()[0], agents()[99]; seen[first] <= seen[last] {
		t.Errorf("the commonest agent came %d times, the rarest %d", seen[first], seen[last])
	}
	if leave := deeds[bustle.Leaves]; leave < n*6/10 || leave > n*85/100 {
		t.Errorf("%d of %d leave, want most", leave, n)
	}
	for _, deed := range []bustle.Deed{
		bustle.Buys, bustle.Pends, bustle.NoToken, bustle.WrongGoal, bustle.ForgedID, bustle.NoID, bustle.WrongMoney, bustle.ToldTwice,
	} {
		if deeds[deed] == 0 {
			t.Errorf("of %d visitors none: %s", n, deed)
		}
	}
	if deeds[bustle.Buys] < deeds[bustle.Pends] || deeds[bustle.Pends] < deeds[bustle.NoToken] {
		t.Errorf("mistakes outweigh what is right: %v", deeds)
	}
}
