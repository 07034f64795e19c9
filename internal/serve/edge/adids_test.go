package edge_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/macro"
	"waybill/internal/param"
)

// adNames names the IDs of ad platforms in the order of their parameters.
func adNames() []string {
	var all []string
	for n := param.FBCLID; n <= param.TTP; n++ {
		all = append(all, n.String())
	}
	return all
}

// passOn gives the main offer a destination that wants what ad platforms call the
// visit.
func passOn(query string) func(*catalog.Source) {
	return func(s *catalog.Source) { s.Offers[0].DestinationURL = "https://shop.example/l?" + query }
}

// TestAdPlatformsIDs: each is kept under its name and passed on under it, whatever
// the case of either.
func TestAdPlatformsIDs(t *testing.T) {
	var asked, wanted []string
	for _, name := range adNames() {
		asked = append(asked, strings.ToUpper(name)+"=Of-"+name)
		wanted = append(wanted, name+"={"+name+"}")
	}
	w := newWorld(t, passOn(strings.Join(wanted, "&")))
	rec := w.get(toMain + "&" + strings.Join(asked, "&"))
	c := w.click()
	want := "https://shop.example/l?" + strings.ToLower(strings.Join(asked, "&"))
	if got := strings.ReplaceAll(rec.Header().Get("Location"), "Of-", "of-"); got != want {
		t.Errorf("sent to %s\nwant %s", got, want)
	}
	for i, name := range adNames() {
		if c.AdIDs[i] != "Of-"+name {
			t.Errorf("kept for %s: %q", name, c.AdIDs[i])
		}
	}
	if len(adNames()) != click.AdIDs {
		t.Errorf("%d names for %d IDs", len(adNames()), click.AdIDs)
	}
	for i := range macro.Name(click.AdIDs) {
		if got, want := (macro.FBCLID + i).String(), adNames()[i]; got != want {
			t.Errorf("the macro %s stands where the parameter %s does", got, want)
		}
	}
}

func TestAdPlatformsIDsThatAreNone(t *testing.T) {
	w := newWorld(t, passOn("g={gclid}&f={fbclid}&c={fbc}"))
	rec := w.get(toMain + "&gclid={gclid}&fbclid=null&msclkid=" + strings.Repeat("m", 1025) + "&_fbp=%22fb.1.1.2%22")
	c := w.click()
	want := [click.AdIDs]string{6: "fb.1.1.2"}
	if diff := cmp.Diff(want, c.AdIDs); diff != "" {
		t.Errorf("kept, -want +got:\n%s", diff)
	}
	if !slices.Contains(c.Marks, "gclid dropped") || !slices.Contains(c.Marks, "msclkid dropped") {
		t.Errorf("marks: %q", c.Marks)
	}
	if got, want := rec.Header().Get("Location"), "https://shop.example/l?g=&f=&c="; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
}

// TestMetasCookieForALandingPage: a page that has none yet gets it made of the
// fbclid; one that came with the click goes before.
func TestMetasCookieForALandingPage(t *testing.T) {
	w := newWorld(t, passOn("c={fbc}"))
	rec := w.get(toMain + "&fbclid=IwAR_x")
	c := w.click()
	if got, want := rec.Header().Get("Location"), fmt.Sprintf("https://shop.example/l?c=fb.1.%s.IwAR_x", strconv.FormatInt(c.At.UnixMilli(), 10)); got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	if c.AdIDs[7] != "" {
		t.Errorf("kept as sent: %q", c.AdIDs[7])
	}
	rec = w.get(toMain + "&fbclid=IwAR_x&fbc=fb.1.5.IwAR_y")
	if got, want := rec.Header().Get("Location"), "https://shop.example/l?c=fb.1.5.IwAR_y"; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
}
