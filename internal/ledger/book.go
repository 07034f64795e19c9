package ledger

import (
	"cmp"
	"slices"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
)

// Position gives the entries that a conversion amounts to as it stands, without
// signal, reason and time. Entries of nothing are left out. A rejected
// conversion amounts to nothing. One that is paid has its payout in the book
// paid, and all else as before: what the advertiser owes has nothing to do with
// whether the affiliate was paid.
func Position(c conversion.Conversion) []Entry {
	var book, settled Book // settled is the book of the affiliate
	switch c.Status {
	case conversion.Pending, conversion.Hold:
		book, settled = Pending, Pending
	case conversion.Approved:
		book, settled = Approved, Approved
	case conversion.Paid:
		book, settled = Approved, Paid
	case conversion.Rejected:
		return nil
	default:
		return nil
	}
	entry := func(p Party, id, units int64, cur money.Currency) Entry {
		in := book
		if p == Affiliate {
			in = settled
		}
		return Entry{
			Account:      Account{Party: p, ID: id, Book: in, Test: c.Test},
			Amount:       money.Amount{Units: units, Currency: cur},
			ConversionID: c.ID,
		}
	}
	revenue, payout := c.Revenue, c.Payout
	entries := []Entry{
		entry(Advertiser, c.AdvertiserID, revenue.Units, revenue.Currency),
		entry(Affiliate, c.AffiliateID, -payout.Units, payout.Currency),
	}
	if revenue.Currency == payout.Currency {
		entries = append(entries, entry(Network, 0, payout.Units-revenue.Units, payout.Currency))
	} else {
		entries = append(entries,
			entry(Network, 0, -revenue.Units, revenue.Currency),
			entry(Network, 0, payout.Units, payout.Currency))
	}
	return slices.DeleteFunc(entries, func(e Entry) bool { return e.Amount.Zero() })
}

// Change gives the entries that lead from the position of before to that of
// after. before is the zero Conversion for a new one. They sum to zero in each
// currency, and stand in an order that the positions alone decide.
func Change(before, after conversion.Conversion) ([]Entry, error) {
	for _, c := range []conversion.Conversion{before, after} {
		if c.Payout.Units < 0 || c.Revenue.Units < 0 {
			return nil, fault.New(fault.Invalid, "conversion %s: a payout or revenue is never negative", c.ID)
		}
	}
	lines := Position(after)
	for _, e := range Position(before) {
		back, err := e.Amount.Neg()
		if err != nil {
			return nil, err
		}
		e.Amount = back
		lines = append(lines, e)
	}
	sums, err := Sum(lines)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for account, byCurrency := range sums {
		for cur, units := range byCurrency {
			entries = append(entries, Entry{
				Account: account, Amount: money.Amount{Units: units, Currency: cur}, ConversionID: after.ID,
			})
		}
	}
	slices.SortFunc(entries, order)
	return entries, nil
}

// order puts entries of one transaction in the order of their accounts.
func order(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(a.Account.Party, b.Account.Party),
		cmp.Compare(a.Account.ID, b.Account.ID),
		cmp.Compare(a.Account.Book, b.Account.Book),
		cmp.Compare(a.Amount.Currency, b.Amount.Currency),
	)
}

// Sum adds entries up per account and currency, leaving out what is zero. A sum
// that does not fit is an Invalid fault.
func Sum(entries []Entry) (map[Account]map[money.Currency]int64, error) {
	sums := make(map[Account]map[money.Currency]int64)
	for _, e := range entries {
		byCurrency := sums[e.Account]
		if byCurrency == nil {
			byCurrency = make(map[money.Currency]int64)
			sums[e.Account] = byCurrency
		}
		sum, err := money.Add(byCurrency[e.Amount.Currency], e.Amount.Units)
		if err != nil {
			return nil, err
		}
		byCurrency[e.Amount.Currency] = sum
	}
	for account, byCurrency := range sums {
		for cur, units := range byCurrency {
			if units == 0 {
				delete(byCurrency, cur)
			}
		}
		if len(byCurrency) == 0 {
			delete(sums, account)
		}
	}
	return sums, nil
}
