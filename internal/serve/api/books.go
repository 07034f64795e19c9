package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/ledger"
)

func (a *API) registerBooks(h huma.API, s *schemas) {
	both := []account.Role{account.Advertiser, account.Affiliate}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/entries", id: "list-entries", tag: "Money",
		summary: "List entries", roles: both, out: s.list("EntryList", schemaOf[ledger.Entry](s)),
		text: "Those of a conversion in the order in which they were booked, or those that a payout or an adjustment has booked beside conversions'. " +
			"Name one of the three. What an advertiser owes is positive, what is owed to an affiliate negative; " +
			"partners see their own side.",
	}, a.entries)
	handle(h, route{
		method: http.MethodGet, path: prefix + "/balances", id: "list-balances", tag: "Money",
		summary: "List balances", roles: both, out: s.list("BalanceList", schemaOf[Balance](s)),
		text: "The sum of all entries by party, book and currency, without those that are zero. Partners see their own.",
	}, a.balances)
	a.registerPayouts(h, s)
	a.registerAdjustments(h, s)
}

type entriesIn struct {
	caller
	ConversionID string `query:"conversion_id" doc:"Of this conversion."`
	PayoutID     int64  `query:"payout_id" doc:"What this payout has settled beside its conversions."`
	AdjustmentID int64  `query:"adjustment_id" doc:"Of this adjustment."`
}

func (a *API) entries(ctx context.Context, in *entriesIn) (*answer, error) {
	list, err := a.findEntries(ctx, in)
	if err != nil {
		return nil, err
	}
	out := page{Data: []object{}}
	for _, e := range list {
		if !ownsAccount(in.who(), e.Account) {
			continue
		}
		o, err := view(in.who().Role, kindEntry, e)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, o)
	}
	return &answer{Body: out}, nil
}

// findEntries gives the entries of what is named, which must be the caller's to
// see.
func (a *API) findEntries(ctx context.Context, in *entriesIn) ([]ledger.Entry, error) {
	switch {
	case in.ConversionID != "" && in.PayoutID == 0 && in.AdjustmentID == 0:
		c, err := a.findConversion(ctx, in.who(), in.ConversionID)
		if err != nil {
			return nil, err
		}
		return a.Books.Entries(ctx, c.ID)
	case in.PayoutID != 0 && in.ConversionID == "" && in.AdjustmentID == 0:
		p, err := a.findPayout(ctx, in.who(), in.PayoutID)
		if err != nil {
			return nil, err
		}
		return a.Books.EntriesBeside(ctx, p.ID, 0)
	case in.AdjustmentID != 0 && in.ConversionID == "" && in.PayoutID == 0:
		one, err := a.findAdjustment(ctx, in.who(), in.AdjustmentID)
		if err != nil {
			return nil, err
		}
		return a.Books.EntriesBeside(ctx, 0, one.ID)
	default:
		return nil, fault.At("query.conversion_id", "name one: conversion_id, payout_id or adjustment_id")
	}
}

// ownsAccount reports whether an account is the caller's to see.
func ownsAccount(who account.Principal, of ledger.Account) bool {
	switch of.Party {
	case ledger.Advertiser:
		return who.Owns(of.ID, 0)
	case ledger.Affiliate:
		return who.Owns(0, of.ID)
	case ledger.Network:
		return who.IsNetwork()
	}
	return false
}

type balancesIn struct {
	caller
	Paging
	Party   string `query:"party" enum:"advertiser,affiliate,network" doc:"Only this side's."`
	PartyID int64  `query:"party_id" minimum:"1" doc:"Only this advertiser's or affiliate's; goes with party."`
	Test    bool   `query:"test" doc:"Test money instead of real money."`
}

func (a *API) balances(ctx context.Context, in *balancesIn) (*answer, error) {
	f := BalanceFilter{Party: ledger.Party(in.Party), PartyID: in.PartyID, Test: in.Test}
	if f.PartyID != 0 && f.Party == "" {
		return nil, fault.At("query.party", "goes with party_id")
	}
	skip, err := parseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	out := page{Data: []object{}}
	mine := ownBalances(in.who())
	if !in.who().IsNetwork() {
		if f.Party != "" && f.Party != mine.Party || f.PartyID != 0 && f.PartyID != mine.PartyID {
			return &answer{Body: out}, nil
		}
		f.Party, f.PartyID = mine.Party, mine.PartyID
	}
	list, err := a.Books.Balances(ctx, f)
	if err != nil {
		return nil, err
	}
	first := min(max(skip, 0), int64(len(list)))
	last := min(first+int64(in.Limit), int64(len(list)))
	if last < int64(len(list)) {
		out.Next = cursor(last)
	}
	for _, b := range list[first:last] {
		o, err := view(in.who().Role, kindBalance, b)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, o)
	}
	return &answer{Body: out}, nil
}

func ownBalances(who account.Principal) BalanceFilter {
	if who.Role == account.Advertiser {
		return BalanceFilter{Party: ledger.Advertiser, PartyID: who.AdvertiserID}
	}
	return BalanceFilter{Party: ledger.Affiliate, PartyID: who.AffiliateID}
}
