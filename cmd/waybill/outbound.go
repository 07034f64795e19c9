package main

import (
	"net/netip"
	"time"

	"waybill/internal/fault"
	"waybill/internal/span"
	"waybill/internal/work/deliver"
)

// outbound says how postbacks are sent.
type outbound struct {
	AllowPrivate []netip.Prefix `name:"allow-private-destinations" placeholder:"CIDR,…" help:"Loopback and private addresses that outbound postbacks may reach; all others are refused."`
	Timeout      span.Span      `name:"delivery-timeout" default:"10s" help:"How long an attempt to deliver a postback may take, unless its subscription says otherwise. At most 60s."`
	Connect      span.Span      `name:"delivery-connect-timeout" default:"3s" help:"How long its connection may take, the look-up of the name included."`
	InFlight     int            `name:"deliveries-in-flight" default:"64" placeholder:"N" help:"Postbacks that are sent at once. One that waits for an answer longer than a second counts no more; there may be four times as many of those."`
	PerHost      int            `name:"deliveries-per-host" default:"8" placeholder:"N" help:"Of these, how many go to one host."`
	BacklogAge   span.Span      `name:"backlog-alert" default:"1h" help:"How long the first of the postbacks to a destination may be due before this is told: in the log, and to those who subscribed to destination.backlog."`
	Series       int            `name:"destination-series" default:"200" placeholder:"N" help:"Destinations that have metrics of their own, those that were served first. The rest are counted together."`
}

// longestTimeout is the longest that an attempt may take: a claim lasts three
// times as long, and who was killed with one leaves it idle until then.
const longestTimeout = time.Minute

// valid looks for what the parser cannot see.
func (o outbound) valid() error {
	switch timeout, connect := o.Timeout.Duration(), o.Connect.Duration(); {
	case timeout < 100*time.Millisecond || timeout > longestTimeout:
		return fault.New(fault.Invalid, "--delivery-timeout %s must lie between 100ms and %s", o.Timeout, span.Span(longestTimeout))
	case connect <= 0 || connect > timeout:
		return fault.New(fault.Invalid, "--delivery-connect-timeout %s must be more than nothing and no more than --delivery-timeout %s", o.Connect, o.Timeout)
	case o.InFlight < 1 || o.InFlight > 10_000:
		return fault.New(fault.Invalid, "--deliveries-in-flight %d must lie between 1 and 10000", o.InFlight)
	case o.PerHost < 1 || o.PerHost > o.InFlight:
		return fault.New(fault.Invalid, "--deliveries-per-host %d must lie between 1 and --deliveries-in-flight %d", o.PerHost, o.InFlight)
	case o.BacklogAge.Duration() < time.Minute:
		return fault.New(fault.Invalid, "--backlog-alert %s is less than a minute: retries alone would set it off", o.BacklogAge)
	case o.Series < 1:
		return fault.New(fault.Invalid, "--destination-series %d leaves none", o.Series)
	default:
		return nil
	}
}

// worker gives the worker's settings.
func (o outbound) worker() deliver.Settings {
	return deliver.Settings{
		Version: version, AllowPrivate: o.AllowPrivate, InFlight: o.InFlight, PerHost: o.PerHost,
		ConnectTimeout: o.Connect.Duration(), Timeout: o.Timeout.Duration(),
		BacklogAge: o.BacklogAge.Duration(), Series: o.Series,
	}
}
