package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"waybill/internal/chain"
	"waybill/internal/demo/shop"
	"waybill/internal/demo/tracker"
	"waybill/internal/demo/visit"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// maxChain is how many installations a demo starts at most: each is a process.
const maxChain = 10

// chainDemo is a running chain: a tracker, installations of which each is an
// affiliate of the next, and a shop.
type chainDemo struct {
	troupe

	nodes    []*demoNode // from 1, which is next to the tracker
	sellers  []named     // at each node, the advertiser that stands for the next hop
	partners []named     // and the affiliate that stands for the one before
	ways     []*chainWay
	shop     string // URLs
	tracker  string
}

// validateChain refuses what makes no chain.
func (c *demoCmd) validateChain() error {
	if c.Chain < 0 || c.Chain > maxChain {
		return fault.New(fault.Invalid, "--chain %d: a chain has 1 to %d installations", c.Chain, maxChain)
	}
	if c.Chain == 0 && len(c.Break) > 0 {
		return fault.New(fault.Invalid, "--break needs --chain")
	}
	_, err := chainWays(c.Chain, c.Break)
	return err
}

// run starts the chain, sends a visitor through it for each way, and says where
// an ID was lost.
func (d *chainDemo) run(c *demoCmd) error {
	var err error
	if d.ways, err = chainWays(c.Chain, c.Break); err != nil {
		return err
	}
	d.say("Starting a chain of %d installations between a tracker and a shop, each a process of its own …", c.Chain)
	if err := d.start(c); err != nil {
		return err
	}
	var lost []error
	for _, w := range d.ways {
		if err := d.follow(w); err != nil {
			lost = append(lost, err)
		}
	}
	if err := d.verify(); err != nil {
		return err
	}
	if !c.Once {
		d.say("\nEverything stays up until you press Ctrl-C:")
		d.say("  the tracker      %s/", d.tracker)
		for k := 1; k < len(d.nodes); k++ {
			d.say("  installation %-2d  curl -H 'Authorization: Bearer %s' %s/api/v1/trace/…", k, d.nodes[k].key, d.nodes[k].url)
		}
		<-d.env.ctx.Done()
	}
	return errors.Join(lost...)
}

// follow sends one visitor through the chain, reads the books of every hop, and
// prints what they say.
func (d *chainDemo) follow(w *chainWay) error {
	j, err := visit.Buy(d.env.ctx, d.tracker+"/campaign/"+w.name)
	if err != nil {
		return fmt.Errorf("the way %s: %w", w.name, err)
	}
	hops, err := d.books(w, &j)
	if err != nil {
		return fmt.Errorf("the way %s: %w", w.name, err)
	}
	losses := chain.Check(hops)
	if err := d.show(w, hops, losses); err != nil {
		return err
	}
	if len(losses) > 0 {
		return fmt.Errorf("the way %s: the ID was lost at %s", w.name, hops[losses[0].Hop].Name)
	}
	if len(hops[0].Part.Heard) == 0 {
		return fmt.Errorf("the way %s: nothing reached the tracker, and nobody knows why", w.name)
	}
	return nil
}

// books reads what every hop knows of a visitor, from the shop on, so that each
// is read when all that comes to it has come.
func (d *chainDemo) books(w *chainWay, j *visit.Journey) ([]chain.Hop, error) {
	last := len(d.nodes)
	hops := make([]chain.Hop, last+1)
	end, err := d.shopPart(j.Order)
	if err != nil {
		return nil, err
	}
	hops[last] = chain.Hop{Name: "the shop", Role: chain.Shop, Reads: []string{toShop}, Part: end}
	for k := last - 1; k > 0; k-- {
		id, err := d.idAt(k, w, j)
		if err != nil {
			return nil, err
		}
		part, err := d.part(k, id, accepted(hops[k+1].Part))
		if err != nil {
			return nil, err
		}
		hops[k] = chain.Hop{Name: fmt.Sprintf("installation %d", k), Part: part}
	}
	begin, err := d.trackerPart(j.TrackerClickID)
	hops[0] = chain.Hop{Name: "the tracker", Role: chain.Tracker, Reads: []string{toTracker}, Part: begin}
	return hops, err
}

// accepted reports whether a hop's postback was taken by the one before.
func accepted(p *chain.Part) bool {
	for _, o := range p.Onward {
		if o.Status >= 200 && o.Status < 300 {
			return true
		}
	}
	return false
}

// shopPart reads the shop's books.
func (d *chainDemo) shopPart(order string) (*chain.Part, error) {
	var o shop.Order
	if err := d.get(d.env.ctx, d.shop+"/orders/"+order, "", &o); err != nil {
		return nil, err
	}
	p := &chain.Part{Before: chain.Before{ID: o.TID}}
	if o.Sent != "" {
		p.Onward = []chain.Onward{{URL: o.Sent, Host: hostIn(o.Sent), Attempts: 1, Status: o.Status, Answer: o.Answer}}
	}
	return p, nil
}

// trackerPart reads the tracker's books.
func (d *chainDemo) trackerPart(clickID string) (*chain.Part, error) {
	var c tracker.Click
	if err := d.get(d.env.ctx, d.tracker+"/clicks/"+clickID, "", &c); err != nil {
		return nil, err
	}
	p := &chain.Part{ID: c.ID, Next: chain.Next{URL: c.Sent, Host: hostIn(c.Sent)}}
	for _, one := range c.Conversions {
		p.Heard = append(p.Heard, chain.Heard{
			At: one.At, ID: one.Values[toTracker], OrderID: one.Values["txid"], Status: signal.Accepted, Code: signal.OK,
			ConversionID: one.Values["payout"] + " " + one.Values["currency"],
		})
	}
	return p, nil
}

// idAt gives the ID that installation k gave the visitor: as it stands where he
// was sent, else from the installation's list of clicks.
func (d *chainDemo) idAt(k int, w *chainWay, j *visit.Journey) (string, error) {
	here := hostIn(d.nodes[k].url)
	for i := 1; i < len(j.Hops); i++ {
		if hostIn(j.Hops[i-1]) != here {
			continue
		}
		if id := idIn(j.Hops[i]); id != "" {
			return id, nil
		}
	}
	var clicks struct {
		Data []struct {
			ID string `json:"transaction_id"`
		} `json:"data"`
	}
	err := d.until("the click is in the list of "+here, func(ctx context.Context) (bool, error) {
		err := d.nodes[k].get(ctx, fmt.Sprintf("clicks?filter=offer%%3D%d&limit=1", w.offers[k]), &clicks)
		return len(clicks.Data) > 0, err
	})
	if err != nil {
		return "", err
	}
	return clicks.Data[0].ID, nil
}

// idIn gives the transaction ID in a URL, empty when there is none.
func idIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for _, values := range u.Query() {
		if id, err := txid.Parse(values[0]); err == nil {
			return id.String()
		}
	}
	return ""
}

// part reads an installation's books on a transaction. Where a conversion was
// told to it, they are read once every postback about it was tried.
func (d *chainDemo) part(k int, id string, told bool) (*chain.Part, error) {
	var trace struct {
		Hops chain.Part `json:"hops"`
	}
	err := d.until("the postbacks were tried about "+id, func(ctx context.Context) (bool, error) {
		trace.Hops = chain.Part{}
		err := d.nodes[k].get(ctx, "trace/"+id, &trace)
		return !told || tried(&trace.Hops), err
	})
	return &trace.Hops, err
}

// tried reports whether a conversion was made and told on as far as it will be.
func tried(p *chain.Part) bool {
	made := false
	for _, h := range p.Heard {
		made = made || h.ConversionID != ""
	}
	for _, o := range p.Onward {
		if o.Status == 0 && o.Error == "" {
			return false
		}
	}
	return made
}

// until asks again and again until an answer is there, or says what it waited
// for.
func (d *chainDemo) until(what string, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(d.env.ctx, arrival)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ask(ctx)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain until %s", arrival, what)
		case <-tick.C:
		}
	}
}

// verify has every installation checked.
func (d *chainDemo) verify() error {
	d.say("")
	for _, n := range d.nodes[1:] {
		if err := perform(d.env, common{Data: n.data}, new(check)); err != nil {
			return err
		}
	}
	return nil
}

// hostIn gives the host of an address.
func hostIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
