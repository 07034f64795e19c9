package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"waybill/internal/demo/traffic"
)

// The sizes of the catalog that clicks are drawn from.
const (
	offerCount     = 20
	affiliateCount = 100
)

// destination is where an offer's visitors go, with macros as a network would
// use them.
const destination = "https://shop.example/landing/spring?utm_source=affiliate&utm_medium=cpa&utm_campaign={offer_id}" +
	"&wb={transaction_id}&aff={affiliate_id}&clickid={aff_click_id}&s1={sub1}&s2={sub2}&s3={sub3}&src={source}"

// crowd draws visitors. Some offers, affiliates, campaigns and browsers are far
// more common than others. The same seed gives the same crowd.
type crowd struct {
	random     *rand.Rand
	agents     []string
	offers     *rand.Zipf
	affiliates *rand.Zipf
	campaigns  *rand.Zipf
	browsers   *rand.Zipf
}

func newCrowd(seed uint64, offers, affiliates int) *crowd {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // visitors are drawn, no secrets
	agents := traffic.Agents()
	zipf := func(n int) *rand.Zipf { return rand.NewZipf(random, 1.1, 4, uint64(n-1)) } //nolint:gosec // small and positive
	return &crowd{
		random: random, agents: agents,
		offers: zipf(offers), affiliates: zipf(affiliates), campaigns: zipf(2000), browsers: zipf(len(agents)),
	}
}

// visit is one visitor's way to the tracking link.
type visit struct {
	offer, affiliate       int64
	sub                    [3]string
	source, agent, referer string
}

// next draws a visitor.
func (c *crowd) next() visit {
	campaign := c.campaigns.Uint64()
	v := visit{
		offer: int64(c.offers.Uint64()) + 1, affiliate: int64(c.affiliates.Uint64()) + 1, //nolint:gosec // small
		sub: [3]string{
			fmt.Sprintf("cmp-%d", 120_000+campaign*37),
			fmt.Sprintf("adset_%d", 23_850_000+campaign*11+c.random.Uint64N(8)),
			fmt.Sprintf("creative-%d", campaign*5+c.random.Uint64N(5)),
		},
		source: []string{"facebook", "tiktok", "native", "search", "email", "push"}[campaign%6],
		agent:  c.agents[c.browsers.Uint64()],
	}
	if c.random.IntN(10) < 6 {
		v.referer = []string{
			"https://l.facebook.com/", "https://www.tiktok.com/", "https://www.google.com/", "https://blog.example/",
		}[c.random.IntN(4)]
		if c.random.IntN(4) == 0 {
			v.referer = fmt.Sprintf("https://deals%d.example/best/%s-of-2026", campaign%200, v.source)
		}
	}
	return v
}

// query writes the visitor's tracking link; affClickID goes where it stands.
func (v *visit) query(affClickID string) string {
	return fmt.Sprintf("/click?offer_id=%d&affiliate_id=%d&sub1=%s&sub2=%s&sub3=%s&source=%s&aff_click_id=%s",
		v.offer, v.affiliate, v.sub[0], v.sub[1], v.sub[2], v.source, affClickID)
}

// landing writes where the visitor is sent.
func (v *visit) landing(id, affClickID string) string {
	return landing(strconv.FormatInt(v.offer, 10), strconv.FormatInt(v.affiliate, 10), id, affClickID, v.sub, v.source)
}

// request writes the visitor's request; between its two parts goes the
// affiliate's click ID.
func (v *visit) request() (head, tail string) {
	tail = " HTTP/1.1\r\nHost: go.example.com\r\nUser-Agent: " + v.agent +
		"\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" +
		"\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n"
	if v.referer != "" {
		tail += "Referer: " + v.referer + "\r\n"
	}
	return "GET " + v.query(""), tail + "\r\n"
}

// requestCount is how many different requests wrk goes round.
const requestCount = 4096

// writeRequests writes a crowd's requests as the Lua table that click.lua reads.
func writeRequests(path string, c *crowd) error {
	var b strings.Builder
	b.WriteString("return {\n")
	for range requestCount {
		v := c.next()
		head, tail := v.request()
		fmt.Fprintf(&b, "{%q,%q},\n", head, tail) // letters of ASCII, which Lua and Go quote alike
	}
	b.WriteString("}\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write requests: %w", err)
	}
	return nil
}
