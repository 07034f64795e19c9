package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/demo/bustle"
	"waybill/internal/demo/shop"
	"waybill/internal/demo/traffic"
	"waybill/internal/fault"
)

const (
	bustleSeed   = 20261122
	mostVisitors = 20_000 // the tracker and the temporary folder keep them all
	mostFailures = 20     // in a row, until nobody comes any more
)

// work leaves something in every list of what waits for a person: an affiliate that
// asks for an offer, and a postback that its receiver never takes.
func (d *demo) work() error {
	var newcomer, hidden named
	err := d.node.create(d.env.ctx, "affiliates", map[string]any{"name": "Second affiliate"}, &newcomer)
	if err == nil {
		err = d.node.create(d.env.ctx, "offers", map[string]any{
			"advertiser_id": d.sellers[0].ID, "name": "Teapot, for affiliates who ask", "access": "request", "category": "Kitchen",
			"description":     "A teapot of glass.\nPlease say how you would promote it; no brand bidding.",
			"preview_url":     d.shop + "/product/" + shop.URL,
			"destination_url": d.shop + "/product/" + shop.URL + "?tid={transaction_id}&via={affiliate_id}",
			"payout":          map[string]string{"type": "cps", "percent": "10"},
			"revenue":         map[string]string{"type": "cps", "percent": "20"},
		}, &hidden)
	}
	if err == nil {
		err = d.ask(newcomer.ID, hidden.ID)
	}
	if err == nil {
		err = d.letDie(newcomer.ID)
	}
	if err != nil {
		return fmt.Errorf("leave work to be done: %w", err)
	}
	return nil
}

// ask has an affiliate ask for an offer, with a key of its own.
func (d *demo) ask(affiliateID, offerID int64) error {
	var key struct {
		Secret string `json:"secret"`
	}
	err := d.node.create(d.env.ctx, "keys", map[string]any{"role": "affiliate", "affiliate_id": affiliateID, "name": "demo"}, &key)
	if err != nil {
		return err
	}
	theirs := demoNode{troupe: d.node.troupe, url: d.node.url, key: key.Secret}
	return theirs.create(d.env.ctx, "offers/"+strconv.FormatInt(offerID, 10)+"/access",
		map[string]string{"note": "I write about tea, for 12,000 readers."}, new(struct{}))
}

// letDie has an affiliate earn something of which its tracker wants to know
// nothing.
func (d *demo) letDie(affiliateID int64) error {
	err := d.node.create(d.env.ctx, "postbacks", map[string]any{
		"owner": map[string]int64{"affiliate_id": affiliateID}, "name": "A tracker that knows no such click",
		"url": d.tracker + "/postback?cid={aff_click_id}&payout={payout}", "retry": []string{"1s"},
	}, new(named))
	if err != nil {
		return err
	}
	return d.visit(d.env.ctx, bustle.Visitor{Deed: bustle.Buys, Amount: "49.90", Agent: traffic.Agents()[0]},
		fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=%d&aff_click_id=unheard-of", d.node.url, d.offers[0].ID, affiliateID))
}

// live lets visitors come by until the demo ends.
func (d *demo) live() {
	crowd, failures := bustle.New(bustleSeed+1, d.market()), 0
	for range mostVisitors {
		v := crowd.Next()
		timer := time.NewTimer(v.Wait)
		select {
		case <-d.env.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := d.come(d.env.ctx, v); err == nil {
			failures = 0
		} else if failures++; failures == mostFailures && d.env.ctx.Err() == nil {
			d.say("No visitor comes any more, since %d in a row came to nothing: %v", failures, err)
			return
		}
	}
}

// market is what the demo's visitors come for.
func (d *demo) market() bustle.Market {
	return bustle.Market{Affiliates: len(d.affiliates), Campaigns: len(d.offers), Agents: traffic.Agents()}
}

// come sends a visitor by an affiliate's link. The first affiliate has a tracker,
// which gives him its own click ID.
func (d *demo) come(ctx context.Context, v bustle.Visitor) error {
	if v.Affiliate > 0 {
		return d.visit(ctx, v, d.link(&v, ""))
	}
	link, err := d.redirect(ctx, d.tracker+"/campaign/"+d.offers[v.Campaign].campaign, v)
	if err != nil {
		return err
	}
	return d.visit(ctx, v, link+"&sub2="+url.QueryEscape(v.Sub)+"&source="+url.QueryEscape(v.Source))
}

// link is an affiliate's tracking link with what it says of a visitor.
func (d *demo) link(v *bustle.Visitor, clickID string) string {
	said := url.Values{"sub1": {d.offers[v.Campaign].campaign}, "sub2": {v.Sub}, "source": {v.Source}}
	if clickID != "" {
		said.Set("aff_click_id", clickID)
	}
	return fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=%d&%s", d.node.url, d.offers[v.Campaign].ID, d.affiliates[v.Affiliate].ID, said.Encode())
}

// visit follows a tracking link, and tells what became of the visitor as the
// shop's server would.
func (d *demo) visit(ctx context.Context, v bustle.Visitor, link string) error {
	landing, err := d.redirect(ctx, link, v)
	if err != nil || v.Deed == bustle.Leaves {
		return err
	}
	at, err := url.Parse(landing)
	if err != nil {
		return fmt.Errorf("read where a visitor was sent: %w", err)
	}
	said := d.postback(v, at.Query().Get("tid"))
	if _, err := d.tell(ctx, said); err != nil || v.Deed != bustle.ToldTwice {
		return err
	}
	_, err = d.tell(ctx, said)
	return err
}

// postback gives what a shop says of a visitor, mistakes included.
func (d *demo) postback(v bustle.Visitor, tid string) url.Values {
	d.orders++
	said := url.Values{
		"transaction_id": {tid}, "amount": {v.Amount}, "order_id": {fmt.Sprintf("ORDER-%05d", d.orders)}, "token": {d.offers[v.Campaign].token},
	}
	switch v.Deed {
	case bustle.Pends:
		said.Set("status", "pending")
	case bustle.NoToken:
		said.Del("token")
	case bustle.WrongGoal:
		said.Set("goal", "newsletter")
	case bustle.ForgedID:
		said.Set("transaction_id", forged(tid))
	case bustle.NoID:
		said.Set("transaction_id", "{tid}")
	case bustle.WrongMoney:
		said.Set("currency", "EUR")
	case bustle.Leaves, bustle.Buys, bustle.ToldTwice:
	}
	return said
}

// forged is an ID with another end, whose seal is broken.
func forged(tid string) string {
	if tid == "" {
		return "0"
	}
	end := "0"
	if strings.HasSuffix(tid, end) {
		end = "1"
	}
	return tid[:len(tid)-1] + end
}

// redirect gives where a visitor is sent.
func (d *demo) redirect(ctx context.Context, address string, v bustle.Visitor) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("follow a link: %w", err)
	}
	if v.Agent != "" {
		r.Header.Set("User-Agent", v.Agent)
	}
	if v.Address != "" {
		r.Header.Set("X-Forwarded-For", v.Address)
	}
	client := http.Client{
		Timeout: arrival, Transport: d.node.client.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("follow a link: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return "", fmt.Errorf("follow a link: %w", err)
	}
	if to := resp.Header.Get("Location"); to != "" {
		return to, nil
	}
	return "", fault.New(fault.Unavailable, "%s led nowhere: %s", r.URL.Host, resp.Status)
}

// tell sends a postback, and gives the conversion that came of it, if one did.
// Whatever the verdict is, the shop has its answer.
func (d *demo) tell(ctx context.Context, said url.Values) (conversionID string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.node.url+"/postback?"+said.Encode(), http.NoBody)
	if err != nil {
		return "", fmt.Errorf("send a postback: %w", err)
	}
	resp, err := d.node.client.Do(r)
	if err != nil {
		return "", fmt.Errorf("send a postback: %w", err)
	}
	var verdict struct {
		ConversionID string `json:"conversion_id"`
	}
	err = json.NewDecoder(resp.Body).Decode(&verdict)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", fmt.Errorf("read a postback's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return "", fault.New(fault.Unavailable, "a postback was answered %s", resp.Status)
	}
	return verdict.ConversionID, nil
}
