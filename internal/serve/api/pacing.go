package api

import (
	"context"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/settlement"
)

// Counters gives how much of caps is used, 0 for a counter that nothing has
// used.
type Counters interface {
	Used(ctx context.Context, counters []settlement.Counter) (map[settlement.Counter]int64, error)
}

// capRecord is one cap in its present period, and how fast it is being used.
type capRecord struct {
	OfferID     int64         `json:"offer_id"`
	OfferName   string        `json:"offer_name"`
	AffiliateID int64         `json:"affiliate_id,omitempty" doc:"Whose part of a cap it is that each affiliate has to itself."`
	Goal        string        `json:"goal,omitempty" doc:"The goal that is bounded; left out: all."`
	Metric      string        `json:"metric" enum:"conversions,payout,revenue"`
	Currency    string        `json:"currency,omitempty" doc:"Of a cap of money."`
	Period      string        `json:"period" enum:"day,week,month,total"`
	TimeZone    string        `json:"tz" doc:"The zone in which the period begins."`
	OnReached   string        `json:"on_reached" enum:"reject,pending"`
	StartsAt    *time.Time    `json:"starts_at,omitempty" doc:"When the present period began; left out where it has no beginning."`
	EndsAt      *time.Time    `json:"ends_at,omitempty" doc:"When it ends; left out where it never does."`
	Limit       money.Micros  `json:"limit" doc:"A number of conversions, or an amount; a decimal string."`
	Used        money.Micros  `json:"used" doc:"What the conversions counted so far use of it."`
	Left        money.Micros  `json:"left"`
	Overshoot   money.Micros  `json:"overshoot" doc:"What is used beyond the limit: nothing, unless the limit was lowered below it."`
	Share       float64       `json:"share" doc:"Part of the cap that is used, from 0 to 1."`
	PeriodShare *float64      `json:"period_share,omitempty" doc:"Part of the period that is over, from 0 to 1; left out where it has no beginning or no end."`
	Reached     bool          `json:"reached" doc:"Nothing of it is left."`
	ReachedAt   *time.Time    `json:"expected_at,omitempty" doc:"When nothing of it is left, at the pace of the period so far; left out when that is not before the period ends, or cannot be told."`
	Projected   *money.Micros `json:"expected_use,omitempty" doc:"What would be used by the end of the period at that pace, were there no cap; left out where that cannot be told."`
}

type capPage struct {
	Data []capRecord `json:"data"`
	Next string      `json:"next_cursor"`
	AsOf time.Time   `json:"as_of" doc:"When the counters were read."`
}

type capsIn struct {
	caller
	Paging
	OfferID     int64 `query:"offer_id" minimum:"1" doc:"Only this offer's."`
	AffiliateID int64 `query:"affiliate_id" minimum:"1" doc:"Of the caps that each affiliate has to itself, only this one's, used or not."`
}

func (a *API) registerPacing(h huma.API, s *schemas) {
	handle(h, route{
		method: http.MethodGet, path: prefix + "/reports/caps", id: "report-caps", tag: "Reports",
		summary: "How fast caps are being used", roles: []account.Role{account.Advertiser, account.Affiliate},
		out: schemaOf[capPage](s),
		text: "Every cap of the offers that are not archived, in its present period, from the counters that conversions are held to. " +
			"Of a cap that each affiliate has to itself those are listed who use it. Advertisers see caps of conversions and revenue, " +
			"affiliates their own part of caps of conversions and payout.",
	}, a.caps)
}

// maxCounters bounds how many counters one request asks for. A page that ends
// there may hold less than was asked for, and leads on.
const maxCounters = 1000

func (a *API) caps(ctx context.Context, in *capsIn) (*answer, error) {
	after, err := parseCapPlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	if a.Counters == nil {
		return nil, fault.New(fault.Unavailable, "the counters of caps are not at hand on this node")
	}
	now := a.now()
	out := capPage{Data: []capRecord{}, AsOf: now.UTC()}
	var held []heldCap
	var asked []settlement.Counter
	for h := range a.capsOf(in) {
		if !after.before(h.place()) {
			continue
		}
		if len(held) == maxCounters {
			out.Next = held[len(held)-1].place().cursor()
			break
		}
		held = append(held, h)
		asked = append(asked, h.counter(now))
	}
	used, err := a.Counters.Used(ctx, asked)
	if err != nil {
		return nil, err
	}
	for i, h := range held {
		if used[asked[i]] == 0 && h.affiliateID != 0 && !in.names(h.affiliateID) {
			continue
		}
		if len(out.Data) == in.Limit {
			out.Next = held[i-1].place().cursor()
			break
		}
		out.Data = append(out.Data, h.pace(used[asked[i]], now))
	}
	return &answer{Body: out}, nil
}

// names reports whether it is an affiliate's own part of caps that is asked for.
func (in *capsIn) names(affiliateID int64) bool {
	return affiliateID == in.AffiliateID || affiliateID == in.who().AffiliateID
}

// capsOf gives the caps that are the caller's to see, in the order of their
// places.
func (a *API) capsOf(in *capsIn) iter.Seq[heldCap] {
	c := a.Catalog()
	return func(yield func(heldCap) bool) {
		for o := range c.Offers() {
			if !in.means(o) || !a.seesOffer(in.who(), &o.Offer) {
				continue
			}
			for h := range in.held(c, o) {
				if !yield(h) {
					return
				}
			}
		}
	}
}

// means reports whether an offer's caps are asked for.
func (in *capsIn) means(o *catalog.Offer) bool {
	return o.Status != offer.Archived && (in.OfferID == 0 || o.ID == in.OfferID)
}

// held gives an offer's caps with those who have them.
func (in *capsIn) held(c *catalog.Catalog, o *catalog.Offer) iter.Seq[heldCap] {
	return func(yield func(heldCap) bool) {
		for i := range o.Caps {
			if !seesCap(in.who(), &o.Caps[i]) {
				continue
			}
			for affiliateID := range holders(c, in, &o.Caps[i]) {
				if !yield(heldCap{offer: o, index: i, affiliateID: affiliateID}) {
					return
				}
			}
		}
	}
}

// seesCap reports whether a cap is the caller's to know: what it bounds, and
// whose conversions it counts.
func seesCap(who account.Principal, k *offer.Cap) bool {
	switch who.Role {
	case account.Network:
		return true
	case account.Advertiser:
		return k.Metric != offer.CapPayout
	case account.Affiliate:
		return k.Metric != offer.CapRevenue && k.PerAffiliate
	case account.Publishable:
		return false
	}
	return false
}

// holders gives who has a cap: 0 for everybody together, or each affiliate that
// is meant.
func holders(c *catalog.Catalog, in *capsIn, k *offer.Cap) iter.Seq[int64] {
	only := in.AffiliateID
	if who := in.who(); who.Role == account.Affiliate && !narrowTo(who.AffiliateID, &only) {
		return func(func(int64) bool) {}
	}
	return func(yield func(int64) bool) {
		switch {
		case !k.PerAffiliate:
			yield(0)
		case only != 0:
			yield(only)
		default:
			for f := range c.Affiliates() {
				if !yield(f.ID) {
					return
				}
			}
		}
	}
}

// heldCap is a cap with the one who has it.
type heldCap struct {
	offer       *catalog.Offer
	index       int   // among the offer's caps
	affiliateID int64 // 0 when it is everybody's
}

func (h heldCap) cap() *offer.Cap { return &h.offer.Caps[h.index] }

// counter names what the ledger counts the cap by.
func (h heldCap) counter(now time.Time) settlement.Counter {
	k := h.cap()
	n := settlement.Counter{OfferID: h.offer.ID, AffiliateID: h.affiliateID, Goal: k.Goal, Metric: k.Metric}
	for _, g := range h.offer.Goals {
		if k.Goal != "" && strings.EqualFold(g.Code, k.Goal) {
			n.Goal = g.Code
		}
	}
	n.Period, _ = k.PeriodAt(now)
	return n
}

// pace tells how far the cap is used, and where that leads.
func (h heldCap) pace(used int64, now time.Time) capRecord {
	k := h.cap()
	r := capRecord{
		OfferID: h.offer.ID, OfferName: h.offer.Name, AffiliateID: h.affiliateID, Goal: k.Goal, Metric: k.Metric,
		Period: k.Period, TimeZone: k.TimeZone, OnReached: k.OnReached, Limit: k.Limit,
		Used: money.Micros(used), Reached: used >= k.Max(), Share: share(float64(used) / float64(k.Max())),
	}
	if k.Metric == offer.CapConversions {
		r.Used *= money.Unit
	} else {
		r.Currency = string(h.offer.Currency)
	}
	if r.TimeZone == "" {
		r.TimeZone = "UTC"
	}
	if r.OnReached == "" {
		r.OnReached = "reject"
	}
	r.Left, r.Overshoot = max(k.Limit-r.Used, 0), max(r.Used-k.Limit, 0)
	begins, ends := h.period(now)
	if !begins.IsZero() {
		r.StartsAt = &begins
	}
	if !ends.IsZero() {
		r.EndsAt = &ends
	}
	r.foresee(now)
	return r
}

// foresee fills in what follows when the rest of the period goes like what is
// over of it.
func (r *capRecord) foresee(now time.Time) {
	if r.StartsAt == nil || !now.After(*r.StartsAt) {
		return
	}
	over := now.Sub(*r.StartsAt).Seconds()
	if r.EndsAt != nil {
		whole := r.EndsAt.Sub(*r.StartsAt).Seconds()
		part, use := share(over/whole), money.Micros(math.Round(float64(r.Used)*whole/over))
		if r.Metric == offer.CapConversions {
			use = use / money.Unit * money.Unit
		}
		r.PeriodShare, r.Projected = &part, &use
	}
	if r.Reached || r.Used <= 0 {
		return
	}
	const farthest = 100 * 365 * 24 * 3600 // what is farther off than a life is not told
	takes := over * float64(r.Limit) / float64(r.Used)
	if takes > farthest {
		return
	}
	at := r.StartsAt.Add(time.Duration(takes * float64(time.Second))).Truncate(time.Second)
	if r.EndsAt == nil || at.Before(*r.EndsAt) {
		r.ReachedAt = &at
	}
}

// share writes a part with four digits behind the point.
func share(part float64) float64 { return math.Round(part*10_000) / 10_000 }

// period gives the bounds of the cap's present period, zero where there is
// none. The whole life of an offer is that of its dates.
func (h heldCap) period(now time.Time) (begins, ends time.Time) {
	k := h.cap()
	_, ends = k.PeriodAt(now)
	if ends.IsZero() {
		return h.offer.StartsAt.UTC(), h.offer.EndsAt.UTC()
	}
	loc, err := time.LoadLocation(k.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	year, month, day := now.In(loc).Date()
	switch k.Period {
	case "day":
		day--
	case "week":
		day -= 7
	default:
		day = 0 // the last day of the month before
	}
	// The present period begins where the one before it ends.
	_, begins = k.PeriodAt(time.Date(year, month, day, 12, 0, 0, 0, loc))
	return begins.UTC(), ends.UTC()
}

// capPlace is where a cap stands in the list.
type capPlace struct {
	offerID     int64
	index       int
	affiliateID int64
}

func (h heldCap) place() capPlace { return capPlace{h.offer.ID, h.index, h.affiliateID} }

func (p capPlace) before(other capPlace) bool {
	if p.offerID != other.offerID {
		return p.offerID < other.offerID
	}
	if p.index != other.index {
		return p.index < other.index
	}
	return p.affiliateID < other.affiliateID
}

func (p capPlace) cursor() string {
	return cursor(fmt.Sprintf("%d.%d.%d", p.offerID, p.index, p.affiliateID))
}

func parseCapPlace(text string) (capPlace, error) {
	first := capPlace{index: -1}
	plain, err := parseCursor[string](text)
	if err != nil || plain == "" {
		return first, err
	}
	var p capPlace
	if _, err := fmt.Sscanf(plain, "%d.%d.%d", &p.offerID, &p.index, &p.affiliateID); err != nil {
		return first, fault.At("query.cursor", "is not a next_cursor of this list")
	}
	return p, nil
}
