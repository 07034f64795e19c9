package main

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// A past that is long enough has days on which affiliates are paid.
const (
	leastPaidPast = 14                  // days of a past in which anybody is paid
	lastPayday    = 7 * 24 * time.Hour  // before the present
	betweenPaid   = 14 * 24 * time.Hour // from one payday to the next
	unpaid        = 3 * 24 * time.Hour  // what has happened so shortly before waits for the next one
)

// treasury lists what happens to the books: five days before the last payday the
// second affiliate is given a bonus, on paydays what is owed is paid, and the day
// after the last one the first advertiser pays on account.
func (p *past) treasury(from, until time.Time) []event {
	if until.Sub(from) < leastPaidPast*24*time.Hour {
		return nil
	}
	last := until.Add(-lastPayday)
	all := []event{
		{last.AddDate(0, 0, -5), 0, (*past).bonus}, {last.AddDate(0, 0, 1), 0, (*past).advertiserPays},
	}
	for day := last; day.Add(-unpaid).After(from.AddDate(0, 0, 2)); day = day.Add(-betweenPaid) {
		all = append(all, event{day, 0, (*past).payday})
	}
	return all
}

// bonus gives the second affiliate something beside what it has earned.
func (p *past) bonus(ctx context.Context, _ int) error {
	return p.demo.node.create(ctx, "adjustments", map[string]any{
		"affiliate_id": p.affiliates[1].ID, "kind": "bonus", "amount": map[string]string{"amount": "25.00", "currency": "USD"},
		"note": "for the story on the front page",
	}, new(struct{}))
}

// payday pays every affiliate that anything is owed to, and lets what is owed for
// it go out.
func (p *past) payday(ctx context.Context, _ int) error {
	now := time.Unix(0, p.clock.Load()).UTC()
	until := now.Add(-unpaid).Format(time.RFC3339)
	type money struct {
		Amount string `json:"amount"`
	}
	var due struct {
		Data []struct {
			AffiliateID int64  `json:"affiliate_id"`
			Currency    string `json:"currency"`
			Amount      money  `json:"amount"`
		} `json:"data"`
	}
	if err := p.demo.node.get(ctx, "payouts/due?until="+until, &due); err != nil {
		return err
	}
	for _, d := range due.Data {
		if strings.HasPrefix(d.Amount.Amount, "-") {
			continue
		}
		err := p.demo.node.create(ctx, "payouts", map[string]any{
			"affiliate_id": d.AffiliateID, "currency": d.Currency, "until": until, "amount": d.Amount.Amount,
			"reference": "SEPA " + now.Format(time.DateOnly) + "-" + strconv.FormatInt(d.AffiliateID, 10),
			"note":      "checked against the shop's list",
		}, new(struct{}))
		if err != nil {
			return err
		}
	}
	if err := p.node.pay.WorkOff(ctx); err != nil {
		return err
	}
	return p.node.deliver.SendDue(ctx)
}

// advertiserPays lets the first advertiser pay most of what it owes, in round
// hundreds.
func (p *past) advertiserPays(ctx context.Context, _ int) error {
	seller := p.sellers[0].ID
	var owed struct {
		Data []struct {
			Account struct {
				Book string `json:"book"`
			} `json:"account"`
			Amount struct {
				Amount string `json:"amount"`
			} `json:"amount"`
		} `json:"data"`
	}
	if err := p.demo.node.get(ctx, "balances?party=advertiser&party_id="+strconv.FormatInt(seller, 10), &owed); err != nil {
		return err
	}
	for _, b := range owed.Data {
		whole, err := strconv.ParseFloat(b.Amount.Amount, 64)
		if b.Account.Book != "approved" || err != nil || whole < 100 {
			continue
		}
		return p.demo.node.create(ctx, "adjustments", map[string]any{
			"advertiser_id": seller, "kind": "payment", "note": "bank transfer of the month",
			"amount": map[string]string{"amount": strconv.Itoa(int(whole) / 100 * 100), "currency": "USD"},
		}, new(struct{}))
	}
	return nil
}
