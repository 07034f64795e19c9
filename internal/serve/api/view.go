package api

import (
	"waybill/internal/account"
)

// kind is a type of record that roles see different parts of.
type kind string

const (
	kindOffer        kind = "offer"
	kindAccess       kind = "access"
	kindGoal         kind = "goal"
	kindSubscription kind = "subscription"
	kindClick        kind = "click"
	kindSignal       kind = "signal"
	kindVerdict      kind = "verdict"
	kindConversion   kind = "conversion"
	kindEntry        kind = "entry"
	kindBalance      kind = "balance"
	kindPayout       kind = "payout"
	kindAdjustment   kind = "adjustment"
	kindCause        kind = "cause"
	kindSum          kind = "sum"
	kindDelivery     kind = "delivery"
	kindDestination  kind = "destination"
	kindDeadLetters  kind = "dead letters"
	kindJob          kind = "job"
	kindLink         kind = "link"
	kindNetwork      kind = "network" // for the network alone
)

// narrowTo has a filter that asks for one partner, or for all by 0, ask for the
// caller alone. It reports whether the caller was asked for.
func narrowTo(own int64, asked *int64) bool {
	mine := *asked == 0 || *asked == own
	*asked = own
	return mine
}

// view gives what a role may see of a record. The network sees all of it, the
// others what is listed.
func view(role account.Role, k kind, record any) (object, error) {
	o, err := objectOf(record)
	if err != nil || role == account.Network {
		return o, err
	}
	return o.keep(visible(role, k))
}

// visible lists what the partners may see: an affiliate never revenue, profit,
// raw hits or addresses; an advertiser never payouts. Whether a record as a
// whole is theirs is asked before.
func visible(role account.Role, k kind) []string {
	switch role {
	case account.Affiliate:
		return affiliateSees(k)
	case account.Advertiser:
		return advertiserSees(k)
	case account.Network, account.Publishable:
		return nil
	}
	return nil
}

func affiliateSees(k kind) []string {
	switch k {
	case kindOffer:
		return []string{
			"id", "name", "description", "category", "preview_url", "access", "status", "starts_at", "ends_at", "click_window", "view_window", "view_through_payable", "customer_window",
			"currency", "payout",
			"default_status", "deep_link_hosts", "targeting",
		}
	case kindGoal:
		return []string{"id", "offer_id", "code", "name", "payout", "dedupe", "default_status"}
	case kindSubscription, kindDelivery, kindDestination, kindDeadLetters, kindJob:
		return everythingOf(k)
	case kindClick:
		return []string{
			"transaction_id", "at", "test", "offer_id", "affiliate_id", "link", "aff_click_id", "source", "sub", "coupon",
			"gaid", "idfa", "idfv", "ad_ids", "referrer", "visitor", "turned_away", "marks",
		}
	case kindSignal:
		return append([]string{"id", "received_at", "channel", "test", "transaction_id", "note", "payout_id", "earlier_verdicts"}, inside("verdict", verdictFields())...)
	case kindVerdict:
		return verdictFields()
	case kindConversion:
		return []string{
			"id", "test", "offer_id", "goal_id", "goal", "affiliate_id", "order_id", "channel", "status", "reason", "amount",
			"payout", "payout_id", "touch.by", "touch.transaction_id", "touch.kind", "touch.at", "touch.record_missing", "touch.aff_click_id",
			"touch.source", "touch.sub", "touch.country", "touch.device", "touch.os", "touch.browser", "touch.bot",
			"touch.referrer", "touch.coupon", "touch.gaid", "touch.idfa", "touch.idfv", "touch.ad_ids", "coupon", "occurred_at",
			"created_at", "updated_at", "version",
		}
	case kindEntry:
		return []string{"account", "amount", "conversion_id", "signal_id", "payout_id", "adjustment_id", "reason", "at"}
	case kindPayout:
		return []string{
			"id", "affiliate_id", "currency", "until", "status", "amount", "conversions", "adjustments", "reference", "created_at",
			"booked_at", "version",
		}
	case kindAdjustment:
		return append(everythingOf(k), "affiliate_id", "payout_id")
	case kindBalance, kindAccess, kindLink:
		return everythingOf(k)
	case kindCause:
		return causeFields()
	case kindNetwork, kindSum:
		return nil
	}
	return nil
}

func advertiserSees(k kind) []string {
	switch k {
	case kindOffer:
		return []string{
			"id", "advertiser_id", "name", "description", "category", "preview_url", "access", "status", "destination_url", "fallback_url", "starts_at", "ends_at",
			"click_window", "view_window", "view_through_payable", "min_conversion_time", "currency", "revenue", "default_status",
			"attribution", "customer_window", "ip_window", "channels", "client_side_status", "credit_without_click", "allowed_domains",
			"deep_link_hosts", "targeting",
		}
	case kindGoal:
		return []string{"id", "offer_id", "code", "name", "revenue", "dedupe", "on_repeat", "default_status"}
	case kindSubscription, kindDelivery, kindDestination, kindDeadLetters, kindJob:
		return everythingOf(k)
	case kindSignal:
		return append([]string{
			"id", "received_at", "channel", "test", "transaction_id", "method", "path", "raw", "auth", "malformed",
			"index", "parameters", "extra", "note", "marks", "record_gone", "earlier_verdicts",
		}, inside("verdict", verdictFields())...)
	case kindVerdict:
		return verdictFields()
	case kindConversion:
		return []string{
			"id", "test", "offer_id", "goal_id", "goal", "advertiser_id", "affiliate_id", "order_id", "channel",
			"status", "reason", "amount", "revenue", "amount_known", "amount_by_server", "seen_by_server", "seen_by_client",
			"touch.by", "touch.transaction_id", "touch.kind", "touch.at", "touch.record_missing", "touch.country",
			"touch.device", "touch.os", "touch.browser", "touch.bot", "adv", "customer_id", "coupon", "items",
			"extra", "occurred_at", "created_at", "updated_at", "version",
		}
	case kindEntry:
		return []string{"account", "amount", "conversion_id", "signal_id", "adjustment_id", "reason", "at"}
	case kindAdjustment:
		return append(everythingOf(k), "advertiser_id")
	case kindBalance:
		return everythingOf(k)
	case kindCause:
		return append(causeFields(), "advertiser_id")
	case kindSum:
		return []string{"currency", "conversions", "amount", "revenue"}
	case kindClick, kindNetwork, kindAccess, kindLink, kindPayout:
		return nil
	}
	return nil
}

// everythingOf lists all fields of records that are seen only by their owner,
// and hold nothing that the owner may not know.
func everythingOf(k kind) []string {
	switch k {
	case kindSubscription:
		return []string{
			"id", "name", "owner", "offer_id", "goal", "on", "statuses", "status_words", "format", "template", "parameters", "method", "url",
			"headers", "body", "success_contains", "failure_contains", "secret", "previous_secret", "previous_until", "delay", "retry",
			"timeout", "connect_timeout", "rate", "in_flight", "backlog", "share_visitor", "status", "disabled_at", "disabled_reason",
		}
	case kindDelivery:
		return []string{
			"id", "subscription_id", "conversion_id", "transaction_id", "sequence", "event", "test", "values",
			"state", "attempts", "created_at", "due_at", "leased_until", "done_at", "replay_job", "last_class", "last_status",
			"host", "next", "tries",
		}
	case kindDestination:
		return []string{
			"id", "owner", "name", "host", "format", "status", "disabled_reason", "waiting", "due", "dead", "parked",
			"oldest_due_at", "backlog_age", "breaker", "last_success_at", "last_failure",
		}
	case kindDeadLetters:
		return []string{
			"subscription_id", "owner", "name", "host", "error", "http_status", "count", "oldest_at", "newest_at", "example",
			"hint", "replay",
		}
	case kindJob:
		return []string{
			"id", "action", "state", "filter", "total", "done", "skipped", "undone", "progress", "created_at", "finished_at",
		}
	case kindBalance:
		return []string{"account", "amount"}
	case kindAdjustment:
		return []string{"id", "kind", "amount", "conversion_id", "note", "created_at"}
	case kindLink:
		return []string{"code", "offer_id", "affiliate_id", "query", "status"}
	case kindAccess:
		return []string{"offer_id", "affiliate_id", "status", "note", "decision_note", "at", "decided_at", "offer_name", "affiliate_name"}
	default:
		return nil
	}
}

func verdictFields() []string {
	return []string{
		"status", "code", "conversion_id", "transaction_id", "request_id", "test", "message", "offer_id", "received_at", "settled_at",
	}
}

func causeFields() []string {
	return []string{"code", "offer_id", "offer_name", "count", "last_at", "sample_id", "message", "hint", "replayable"}
}

// inside gives the list for the members of one field.
func inside(field string, list []string) []string {
	all := make([]string, len(list))
	for i, name := range list {
		all[i] = field + "." + name
	}
	return all
}
