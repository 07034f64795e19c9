package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// chainWay is a campaign through the whole chain, with an offer of its own at
// each installation, and perhaps a mistake at one hop.
type chainWay struct {
	name   string
	hop    int    // where the mistake is: 0 the tracker, then the installations, then the shop
	how    string // which; empty for none
	offers []int64
}

// Where the third parties look for the ID, and what cuts make of it.
const (
	toShop    = "tid"
	toTracker = "cid"
	cutTo     = 20
)

// The ways to break a chain. A hop hands its own ID out, to the shop's side, and
// the ID that it was handed back.
const (
	noID    = "no-id"
	wrong   = "wrong-parameter"
	lower   = "lower-case"
	cut     = "cut"
	literal = "literal-macro"

	outNoID    = "out-" + noID
	outWrong   = "out-" + wrong
	outLower   = "out-" + lower
	outCut     = "out-" + cut
	outLiteral = "out-" + literal

	backNone    = "back-no-postback"
	backNoID    = "back-" + noID
	backWrong   = "back-" + wrong
	backLower   = "back-" + lower
	backCut     = "back-" + cut
	backLiteral = "back-" + literal
)

// breaks lists the ways in which a hop can be broken. An installation is asked
// for no macro that it would refuse to save.
func breaks(hop, installations int) []string {
	out := []string{outNoID, outWrong, outLower, outCut, outLiteral}
	switch hop {
	case 0:
		return out
	case installations + 1:
		return []string{backNone, backNoID, backWrong, backLower, backCut, backLiteral}
	default:
		return append(out, backNone, backNoID, backWrong, backLower)
	}
}

// chainWays gives a way without a mistake, and one for each mistake asked for.
func chainWays(installations int, asked []string) ([]*chainWay, error) {
	ways := []*chainWay{{name: "whole"}}
	for _, text := range asked {
		where, how, _ := strings.Cut(text, ":")
		hop, err := strconv.Atoi(where)
		switch {
		case where == "tracker":
			hop = 0
		case where == "shop":
			hop = installations + 1
		case err != nil || hop < 1 || hop > installations:
			return nil, fault.New(fault.Invalid, "--break %q: the hop is tracker, shop or a number from 1 to %d", text, installations)
		}
		if known := breaks(hop, installations); !slices.Contains(known, how) {
			return nil, fault.New(fault.Invalid, "--break %q: %s can be broken by %s", text, where, strings.Join(known, ", "))
		}
		ways = append(ways, &chainWay{name: where + "-" + how, hop: hop, how: how})
	}
	return ways, nil
}

// start starts every process, from the shop on, and makes the catalogs between
// them.
func (d *chainDemo) start(c *demoCmd) error {
	d.nodes, d.sellers, d.partners = make([]*demoNode, c.Chain+1), make([]named, c.Chain+1), make([]named, c.Chain+1)
	for k := 1; k <= c.Chain; k++ {
		if err := d.startNode(k); err != nil {
			return err
		}
	}
	if err := d.startShop(); err != nil {
		return err
	}
	for _, w := range d.ways {
		w.offers = make([]int64, c.Chain+1)
	}
	if err := d.each(d.offer); err != nil {
		return err
	}
	if err := d.startTracker(); err != nil {
		return err
	}
	return d.each(d.postback)
}

// each makes something at every installation for every way, from the shop on.
func (d *chainDemo) each(do func(k int, w *chainWay) error) error {
	for _, w := range d.ways {
		for k := len(d.nodes) - 1; k > 0; k-- {
			if err := do(k, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// startNode starts installation k, whose advertiser is the hop behind it and
// whose affiliate the hop before.
func (d *chainDemo) startNode(k int) error {
	n, err := d.serve(fmt.Sprintf("data-%d", k), "127.0.0.1:0", "")
	if err != nil {
		return err
	}
	d.nodes[k] = n
	err = n.create(d.env.ctx, "advertisers", map[string]any{"name": "The next hop", "postback_auth": "token"}, &d.sellers[k])
	if err != nil {
		return err
	}
	return n.create(d.env.ctx, "affiliates", map[string]any{"name": "The hop before"}, &d.partners[k])
}

// startShop starts the shop, which reports to the last installation.
func (d *chainDemo) startShop() (err error) {
	last := len(d.nodes) - 1
	args := []string{"demo", "shop", "--postback", d.nodes[last].url + "/postback", "--token", d.sellers[last].Token}
	for _, w := range d.ways {
		if w.hop > last {
			args = append(args, "--name", w.name+"="+back(w.how, "transaction_id", "{tid", ":"))
		}
	}
	d.shop, err = d.child(args...)
	return err
}

// startTracker starts the tracker with a campaign for each way.
func (d *chainDemo) startTracker() (err error) {
	args := []string{"demo", "tracker"}
	for _, w := range d.ways {
		args = append(args, "--campaign", w.name+"="+d.link(1, w)+"&"+out(w.at(0), "aff_click_id", "{clickid", ":"))
	}
	d.tracker, err = d.child(args...)
	return err
}

// at gives the mistake that a way makes at a hop, empty for none.
func (w *chainWay) at(hop int) string {
	if w.hop == hop {
		return w.how
	}
	return ""
}

// link is the tracking link of installation k for a way, without an ID.
func (d *chainDemo) link(k int, w *chainWay) string {
	return fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=%d", d.nodes[k].url, w.offers[k], d.partners[k].ID)
}

// offer makes installation k's offer of a way, which leads to the next hop. Of
// what the shop pays a tenth comes in at the last installation, and each keeps a
// tenth of what it gets.
func (d *chainDemo) offer(k int, w *chainWay) error {
	parameter, revenue, payout := "aff_click_id", "100", "90"
	if k == len(d.nodes)-1 {
		parameter, revenue, payout = toShop, "12.5", "10"
	}
	to, how, err := d.destination(k, w)
	if err != nil {
		return err
	}
	var o named
	err = d.nodes[k].create(d.env.ctx, "offers", map[string]any{
		"advertiser_id": d.sellers[k].ID, "name": "Kettle, " + w.name,
		"destination_url": to + "&" + out(how, parameter, "{transaction_id", "|"),
		"payout":          map[string]string{"type": "cps", "percent": payout},
		"revenue":         map[string]string{"type": "cps", "percent": revenue},
	}, &o)
	w.offers[k] = o.ID
	return err
}

// destination gives where installation k sends a way's visitors, without the ID,
// and the mistake that it makes itself. Those that it cannot make are made by a
// redirector in front of the next hop.
func (d *chainDemo) destination(k int, w *chainWay) (to, how string, err error) {
	if k == len(d.nodes)-1 {
		to = d.shop + "/product/" + w.name + "?via=chain"
	} else {
		to = d.link(k+1, w)
	}
	spoil := []string{"--keep", strconv.Itoa(cutTo)}
	switch how = w.at(k); how {
	case outCut:
	case outLiteral:
		spoil = []string{"--literal", "{click_id}"}
	default:
		return to, how, nil
	}
	to, err = d.child(append([]string{"demo", "relay", "--to", to}, spoil...)...)
	return to + "/?via=relay", "", err
}

// postback makes the subscription by which installation k tells the hop before
// it of a way's conversions.
func (d *chainDemo) postback(k int, w *chainWay) error {
	to := d.tracker + "/postback?payout={payout}&currency={currency}&txid={conversion_id}&status={status}"
	parameter := toTracker
	if k > 1 {
		to = fmt.Sprintf("%s/postback?amount={payout}&currency={currency}&order_id={conversion_id}&token=%s", d.nodes[k-1].url, d.sellers[k-1].Token)
		parameter = "transaction_id"
	}
	naming := back(w.at(k), parameter, "{aff_click_id", "|")
	if naming == "" {
		return nil
	}
	return d.nodes[k].create(d.env.ctx, "postbacks", map[string]any{
		"owner": map[string]int64{"affiliate_id": d.partners[k].ID}, "offer_id": w.offers[k], "url": to + "&" + naming,
	}, new(named))
}

// out names the ID in a link.
func out(how, parameter, macro, filter string) string {
	return namedBy(strings.TrimPrefix(how, "out-"), parameter, macro, filter)
}

// back names the ID in a postback, empty where none is sent.
func back(how, parameter, macro, filter string) string {
	if how == backNone {
		return ""
	}
	return namedBy(strings.TrimPrefix(how, "back-"), parameter, macro, filter)
}

// namedBy names the ID by a macro whose beginning and filters are the hop's own.
func namedBy(how, parameter, macro, filter string) string {
	switch how {
	case noID:
		return parameter + "="
	case wrong:
		return "ref=" + macro + "}"
	case lower:
		return parameter + "=" + macro + filter + "lower}"
	case cut:
		return fmt.Sprintf("%s=%s%s%d}", parameter, macro, filter, cutTo)
	case literal:
		return parameter + "={click_id}"
	default:
		return parameter + "=" + macro + "}"
	}
}
