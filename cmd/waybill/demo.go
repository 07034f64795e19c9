package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"waybill/internal/demo/shop"
	"waybill/internal/demo/tracker"
	"waybill/internal/demo/visit"
)

// demoCmd is "waybill demo".
type demoCmd struct {
	Once    bool           `help:"Leave after the round trips; exit code 0 only if every step was seen at the far end."`
	Listen  string         `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where the demo's Waybill answers. With --once a free port is taken."`
	Shop    demoShopCmd    `cmd:"" hidden:"" help:"The demo's shop, alone."`
	Tracker demoTrackerCmd `cmd:"" hidden:"" help:"The demo's affiliate tracker, alone."`
	Whole   demoRunCmd     `cmd:"" name:"run" default:"1" hidden:"" help:"The whole demo."`
}

// demoRunCmd is "waybill demo" itself.
type demoRunCmd struct{}

// arrival is how long a conversion may take from the shop to the tracker.
const arrival = 15 * time.Second

// demo is a running demo: Waybill, the shop and the tracker, each a process of
// its own, with a catalog between them.
type demo struct {
	env      *env
	dir      string
	children []*child
	waybill  string // URLs
	shop     string
	tracker  string
	key      string
	payouts  []string // that the tracker was told, in the order of the trips
	client   http.Client
}

// Run shows the whole way.
func (demoRunCmd) Run(e *env, c *command) error {
	dir, err := os.MkdirTemp("", "waybill-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	d := &demo{env: e, dir: dir, client: http.Client{Timeout: arrival}}
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
	d.say("\nEverything stays up until you press Ctrl-C. Click it through yourself:")
	d.say("  the affiliate's tracker  %s/", d.tracker)
	d.say("  a campaign link          %s/campaign/%s", d.tracker, shop.Cookie)
	d.say("  Waybill's API            curl -H 'Authorization: Bearer %s' %s/api/v1/conversions", d.key, d.waybill)
	d.say("  a report                 curl -H 'Authorization: Bearer %s' '%s%s'", d.key, d.waybill, reportOfDemo)
	d.say("  metrics                  %s/metrics", d.waybill)
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
	data := filepath.Join(d.dir, "data")
	var err error
	d.waybill, err = d.child("serve", "--data", data, "--listen", listen,
		"--allow-private-destinations", "127.0.0.0/8", "--log-level", "warn")
	if err != nil {
		return err
	}
	var key strings.Builder
	quiet := *d.env
	quiet.stdout = &key
	if err := perform(&quiet, common{Data: data}, &keyCreate{Role: "network", Name: "demo"}); err != nil {
		return err
	}
	d.key = strings.TrimSpace(key.String())
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
	var seller, partner named
	err := d.create("advertisers", map[string]any{"name": "Demo shop", "postback_auth": "token"}, &seller)
	if err == nil {
		err = d.create("affiliates", map[string]any{"name": "Demo affiliate"}, &partner)
	}
	if err != nil {
		return err
	}
	d.shop, err = d.child("demo", "shop", "--postback", d.waybill+"/postback", "--token", seller.Token)
	if err != nil {
		return err
	}
	args := []string{"demo", "tracker"}
	for _, way := range shop.Ways() {
		var o named
		err := d.create("offers", map[string]any{
			"advertiser_id": seller.ID, "name": "Kettle, ID kept by " + way,
			"destination_url": d.shop + "/product/" + way + "?tid={transaction_id}&via={affiliate_id}",
			"payout":          map[string]string{"type": "cps", "percent": "10"},
			"revenue":         map[string]string{"type": "cps", "percent": "12.5"},
		}, &o)
		if err != nil {
			return err
		}
		args = append(args, "--campaign", fmt.Sprintf("%s=%s/click?offer_id=%d&affiliate_id=%d&sub1=%s", way, d.waybill, o.ID, partner.ID, way))
	}
	if d.tracker, err = d.child(args...); err != nil {
		return err
	}
	return d.create("postbacks", map[string]any{
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
		if err := d.get(ctx, d.tracker+"/clicks/"+clickID, &c); err == nil && len(c.Conversions) > 0 {
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

// create makes a record through the REST API.
func (d *demo) create(resource string, v, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("create %s: %w", resource, err)
	}
	r, err := http.NewRequestWithContext(d.env.ctx, http.MethodPost, d.waybill+"/api/v1/"+resource, strings.NewReader(string(b)))
	if err != nil {
		return fmt.Errorf("create %s: %w", resource, err)
	}
	r.Header.Set("Content-Type", "application/json")
	return d.fetch(r, into)
}

// get reads JSON.
func (d *demo) get(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("get %s: %w", address, err)
	}
	return d.fetch(r, into)
}

// fetch sends a request, with the key where it is Waybill's to see.
func (d *demo) fetch(r *http.Request, into any) error {
	if strings.HasPrefix(r.URL.String(), d.waybill+"/") {
		r.Header.Set("Authorization", "Bearer "+d.key)
	}
	resp, err := d.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s answered %d: %s", r.Method, r.URL.Path, resp.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	return nil
}

// say prints a line.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.env.stdout, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
}

// campaignFlag splits name=URL.
func campaignFlag(text string) (name, link string, err error) {
	name, link, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", fmt.Errorf("--campaign %s is not NAME=URL", strconv.Quote(text))
	}
	return name, link, nil
}
