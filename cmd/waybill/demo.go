package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/demo/shop"
	"waybill/internal/demo/tracker"
	"waybill/internal/demo/visit"
)

// demoCmd is "waybill demo".
type demoCmd struct {
	Once    bool           `help:"Leave after the round trips; exit code 0 only if every step was seen at the far end."`
	Chain   int            `placeholder:"N" help:"Show a chain instead: N installations (1 to 10), each an affiliate of the next, and where an ID gets lost."`
	Break   []string       `sep:"none" placeholder:"HOP:HOW" help:"Break the chain on purpose, for one visitor more, such as 2:out-no-id. HOP is tracker, shop or a number from 1 (next to the tracker); docs/chains.md lists the ways. May be repeated."`
	Listen  string         `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where the demo's Waybill answers. With --once and --chain free ports are taken."`
	Still   bool           `help:"Let nobody come by once the round trips are done; else there is a visitor every few seconds."`
	Shop    demoShopCmd    `cmd:"" hidden:"" help:"The demo's shop, alone."`
	Tracker demoTrackerCmd `cmd:"" hidden:"" help:"The demo's affiliate tracker, alone."`
	Relay   demoRelayCmd   `cmd:"" hidden:"" help:"A redirector between two hops of the demo, alone."`
	Whole   demoRunCmd     `cmd:"" name:"run" default:"1" hidden:"" help:"The whole demo."`
}

// demoRunCmd is "waybill demo" itself.
type demoRunCmd struct{}

// arrival is how long a conversion may take from the shop to the tracker.
const arrival = 15 * time.Second

// demo is a running demo: Waybill, the shop and the tracker, each a process of
// its own, with a catalog between them.
type demo struct {
	troupe

	node    *demoNode
	shop    string // URLs
	tracker string
	payouts []string // that the tracker was told, in the order of the trips

	seller named   // the advertiser
	offers []int64 // one for each way
	orders int     // of visitors who came by

	people   []demoPerson
	password string // of all of them
}

// Run shows the whole way, or a chain.
func (demoRunCmd) Run(e *env, c *command) error {
	if err := c.Demo.validate(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "waybill-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	t := troupe{env: e, dir: dir, client: &http.Client{Timeout: arrival}}
	if c.Demo.Chain > 0 {
		d := &chainDemo{troupe: t}
		err = d.run(&c.Demo)
		return errors.Join(err, d.stop(), os.RemoveAll(dir))
	}
	d := &demo{troupe: t}
	err = d.run(&c.Demo)
	return errors.Join(err, d.stop(), os.RemoveAll(dir))
}

// run starts everything, sends the visitors round, and stays up unless told
// otherwise.
func (d *demo) run(c *demoCmd) error {
	if err := d.start(c); err != nil {
		return err
	}
	for _, way := range shop.Ways() {
		if err := d.roundTrip(way); err != nil {
			return fmt.Errorf("the way by %s: %w", way, err)
		}
	}
	if err := d.report(); err != nil {
		return err
	}
	if err := d.verify(); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	if err := d.work(); err != nil {
		return err
	}
	d.say("\nEverything stays up until you press Ctrl-C. Click it through yourself:")
	d.say("  the affiliate's tracker  %s/", d.tracker)
	d.say("  a campaign link          %s/campaign/%s", d.tracker, shop.Cookie)
	d.say("  Waybill's API            curl -H 'Authorization: Bearer %s' %s/api/v1/conversions", d.node.key, d.node.url)
	d.say("  a report                 curl -H 'Authorization: Bearer %s' '%s%s'", d.node.key, d.node.url, reportOfDemo)
	d.say("  metrics                  %s/metrics", d.node.url)
	d.say("\nConsole: %s/console/   password of all: %s", d.node.url, d.password)
	for _, p := range d.people {
		d.say("  %-24s %s", p.email, p.sees)
	}
	if !c.Still {
		d.live()
	}
	<-d.env.ctx.Done()
	return nil
}

// start starts the processes and makes the catalog between them.
func (d *demo) start(c *demoCmd) error {
	d.say("Starting Waybill, a shop (the advertiser) and a tracker (the affiliate's), each a process of its own …")
	listen := c.Listen
	if c.Once {
		listen = "127.0.0.1:0"
	}
	var err error
	if d.node, err = d.serve("data", listen); err != nil {
		return err
	}
	return d.catalog()
}

// named is what the demo needs of a created record.
type named struct {
	ID    int64  `json:"id"`
	Token string `json:"token"`
}

// catalog creates an advertiser with its shop, an affiliate with its tracker,
// and an offer for each way of keeping the transaction ID.
func (d *demo) catalog() error {
	var partner named
	err := d.node.create(d.env.ctx, "advertisers", map[string]any{"name": "Demo shop", "postback_auth": "token"}, &d.seller)
	if err == nil {
		err = d.node.create(d.env.ctx, "affiliates", map[string]any{"name": "Demo affiliate"}, &partner)
	}
	if err != nil {
		return err
	}
	d.shop, err = d.child("demo", "shop", "--postback", d.node.url+"/postback", "--token", d.seller.Token)
	if err != nil {
		return err
	}
	args := []string{"demo", "tracker"}
	for _, way := range shop.Ways() {
		var o named
		err := d.node.create(d.env.ctx, "offers", map[string]any{
			"advertiser_id": d.seller.ID, "name": "Kettle, ID kept by " + way,
			"destination_url": d.shop + "/product/" + way + "?tid={transaction_id}&via={affiliate_id}",
			"payout":          map[string]string{"type": "cps", "percent": "10"},
			"revenue":         map[string]string{"type": "cps", "percent": "12.5"},
		}, &o)
		if err != nil {
			return err
		}
		d.offers = append(d.offers, o.ID)
		args = append(args, "--campaign", fmt.Sprintf("%s=%s/click?offer_id=%d&affiliate_id=%d&sub1=%s&aff_click_id={clickid}", way, d.node.url, o.ID, partner.ID, way))
	}
	if d.tracker, err = d.child(args...); err != nil {
		return err
	}
	d.people = demoPeople(d.seller.ID, partner.ID)
	if d.password, err = d.node.people(d.people); err != nil {
		return err
	}
	return d.node.create(d.env.ctx, "postbacks", map[string]any{
		"owner": map[string]int64{"affiliate_id": partner.ID},
		"url":   d.tracker + "/postback?cid={aff_click_id}&payout={payout}&currency={currency}&txid={conversion_id}&status={status}&sub1={sub1}",
	}, new(named))
}

// roundTrip sends one visitor round and follows the conversion to the tracker.
func (d *demo) roundTrip(way string) error {
	started := time.Now()
	j, err := visit.Buy(d.env.ctx, d.tracker+"/campaign/"+way)
	if err != nil {
		return err
	}
	d.say("\nVisitor of campaign %q: the tracker's click ID %s … bought, order %s … Waybill answered %q to the shop", way, j.TrackerClickID, j.Order, j.Verdict)
	if j.Verdict != "accepted" {
		return fmt.Errorf("order %s was not accepted: %s", j.Order, j.Verdict)
	}
	c, err := d.await(j.TrackerClickID)
	if err != nil {
		return err
	}
	values := c.Conversions[0].Values
	d.payouts = append(d.payouts, values["payout"])
	d.say("… and the tracker has its conversion %s after the click: payout %s %s for its own click ID %s",
		time.Since(started).Round(time.Millisecond), values["payout"], values["currency"], values["cid"])
	return d.trace(j)
}

// await waits until the tracker has heard of the conversion of its click.
func (d *demo) await(clickID string) (tracker.Click, error) {
	ctx, cancel := context.WithTimeout(d.env.ctx, arrival)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var c tracker.Click
		if err := d.get(ctx, d.tracker+"/clicks/"+clickID, "", &c); err == nil && len(c.Conversions) > 0 {
			if n := len(c.Conversions); n > 1 {
				return c, fmt.Errorf("the tracker heard of click %s %d times", clickID, n)
			}
			return c, nil
		}
		select {
		case <-ctx.Done():
			return tracker.Click{}, fmt.Errorf("the tracker heard nothing of its click %s for %s", clickID, arrival)
		case <-tick.C:
		}
	}
}

// verify has the installation checked.
func (d *demo) verify() error {
	d.say("")
	return perform(d.env, common{Data: filepath.Join(d.dir, "data")}, new(check))
}
