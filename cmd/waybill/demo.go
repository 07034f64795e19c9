package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/demo/shop"
	"waybill/internal/demo/tracker"
	"waybill/internal/demo/visit"
	"waybill/internal/fault"
)

// demoCmd is "waybill demo".
type demoCmd struct {
	Once    bool           `help:"Leave after the round trips; exit code 0 only if every step was seen at the far end."`
	Chain   int            `placeholder:"N" help:"Show a chain instead: N installations (1 to 10), each an affiliate of the next, and where an ID gets lost."`
	Break   []string       `sep:"none" placeholder:"HOP:HOW" help:"Break the chain on purpose, for one visitor more, such as 2:out-no-id. HOP is tracker, shop or a number from 1 (next to the tracker); docs/chains.md lists the ways. May be repeated."`
	Listen  string         `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where the demo's Waybill answers. With --once and --chain free ports are taken."`
	Days    *int           `placeholder:"N" help:"How many days of history to begin with, 0 to 90. Left open: 30, and none with --once and --chain."`
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

	once    bool // it shows every step, and leaves
	node    *demoNode
	shop    string // URLs
	tracker string
	payouts []string  // that the tracker was told, in the order of the trips
	since   time.Time // of the first trip

	sellers    []named     // the advertisers
	affiliates []named     // the one with the tracker first
	offers     []demoOffer // one for each way, and more
	orders     int         // of visitors who came by

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
	d.once = c.Once
	if err := d.start(c); err != nil {
		return err
	}
	d.since = time.Now()
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
	d.invite(!c.Still)
	if !c.Still {
		d.live()
	}
	<-d.env.ctx.Done()
	return nil
}

// invite tells a person how to get in, and how it ends.
func (d *demo) invite(live bool) {
	d.say("\nOpen  %s/console/  and sign in as one of these, all with the password  %s\n", d.node.url, d.password)
	for _, p := range d.people {
		d.say("  %-24s %s", p.email, p.sees)
	}
	if live {
		d.say("\nVisitors come by themselves, the first ones every few seconds. Send one yourself: open %s/campaign/%s and buy the kettle.", d.tracker, shop.Cookie)
	} else {
		d.say("\nSend a visitor yourself: open %s/campaign/%s and buy the kettle.", d.tracker, shop.Cookie)
	}
	d.say("The affiliate's tracker shows what it was told: %s/", d.tracker)
	d.say("The API: curl -H 'Authorization: Bearer %s' %s/api/v1/conversions", d.node.key, d.node.url)
	d.say("\nPress Ctrl-C to end the demo. Nothing of it is kept.")
}

// start starts the processes and makes the catalog between them. A past is made
// before anybody can look.
func (d *demo) start(c *demoCmd) (err error) {
	d.say("Starting Waybill, a shop (the advertiser) and a tracker (the affiliate's), each a process of its own …")
	listen, key := c.Listen, ""
	if c.Once {
		listen = "127.0.0.1:0"
	}
	days := c.days()
	if days > 0 {
		if listen, key, err = d.makePast(listen, days); err != nil {
			return fmt.Errorf("make %d days of history: %w", days, err)
		}
	}
	if d.node, err = d.serve("data", listen, key); err != nil {
		return err
	}
	if days == 0 {
		err = d.catalog()
	}
	if err != nil {
		return err
	}
	d.people = demoPeople(d.sellers[0].ID, d.affiliates[0].ID)
	d.password, err = d.node.people(d.people)
	return err
}

// mostDays is how long a past may be: what is told of deliveries is kept so long.
const mostDays = 90

// days gives how long the past is.
func (c *demoCmd) days() int {
	switch {
	case c.Days != nil:
		return *c.Days
	case c.Once:
		return 0
	default:
		return 30
	}
}

// validate refuses what cannot be shown.
func (c *demoCmd) validate() error {
	if c.Days != nil && (*c.Days < 0 || *c.Days > mostDays) {
		return fault.New(fault.Invalid, "--days %d: a demo has 0 to %d days of history", *c.Days, mostDays)
	}
	if c.Days != nil && *c.Days > 0 && c.Chain > 0 {
		return fault.New(fault.Invalid, "--days %d: a chain has no history", *c.Days)
	}
	return c.validateChain()
}

// roundTrip sends one visitor round and follows the conversion to the tracker.
func (d *demo) roundTrip(way string) error {
	started := time.Now()
	j, err := visit.Buy(d.env.ctx, d.tracker+"/campaign/"+way)
	if err != nil {
		return err
	}
	if d.once {
		d.say("\nVisitor of campaign %q: the tracker's click ID %s … bought, order %s … Waybill answered %q to the shop", way, j.TrackerClickID, j.Order, j.Verdict)
	}
	if j.Verdict != "accepted" {
		return fmt.Errorf("order %s was not accepted: %s", j.Order, j.Verdict)
	}
	c, err := d.await(j.TrackerClickID)
	if err != nil {
		return err
	}
	values := c.Conversions[0].Values
	d.payouts = append(d.payouts, values["payout"])
	if !d.once {
		d.say("A visitor bought (%s): Waybill accepted the shop's postback, and the tracker had its own %s after the click.", way, time.Since(started).Round(time.Millisecond))
		return nil
	}
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
	if d.once {
		d.say("")
		return errors.Join(
			perform(d.env, common{Data: filepath.Join(d.dir, "data")}, new(check)),
			perform(d.env, common{Data: filepath.Join(d.dir, "data")}, &check{Warehouse: true}),
		)
	}
	quiet := *d.env
	quiet.stdout = io.Discard
	return perform(&quiet, common{Data: filepath.Join(d.dir, "data")}, new(check))
}
