package sqlledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"waybill/internal/ledger"
	"waybill/internal/money"
)

// entryColumns are in the order of scanEntry.
const entryColumns = `conversion_id, signal_id, line, party, party_id, book, test, currency, amount, reason, at`

func scanEntry(read scan) (e ledger.Entry, err error) {
	var line, at int64
	err = read(&e.ConversionID, &e.SignalID, &line, &e.Account.Party, &e.Account.ID, &e.Account.Book,
		&e.Account.Test, &e.Amount.Currency, &e.Amount.Units, &e.Reason, &at)
	e.At = instant(at)
	if err != nil || e.ConversionID != "" {
		return e, err
	}
	return e, readTransaction(&e)
}

// The names of transactions that are no signal's, before the number. No ID of a
// signal has a colon.
const (
	byPayout     = "payout:"
	byAdjustment = "adjustment:"
)

// besideConversions names the transaction of a payout, or else of an adjustment.
func besideConversions(payoutID, adjustmentID int64) string {
	if payoutID != 0 {
		return byPayout + strconv.FormatInt(payoutID, 10)
	}
	return byAdjustment + strconv.FormatInt(adjustmentID, 10)
}

// readTransaction takes the number of a payout or an adjustment out of the name of
// the transaction.
func readTransaction(e *ledger.Entry) error {
	into := &e.PayoutID
	number, ok := strings.CutPrefix(e.SignalID, byPayout)
	if !ok {
		into = &e.AdjustmentID
		if number, ok = strings.CutPrefix(e.SignalID, byAdjustment); !ok {
			return nil
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return fmt.Errorf("read the entries of %q: %w", e.SignalID, err)
	}
	*into, e.SignalID = n, ""
	return nil
}

// entryRows adds the lines of a transaction, a signal's or one of those that
// besideConversions names. There is no statement that changes or deletes one.
func entryRows(transaction string, entries []ledger.Entry) rows {
	insert := rows{head: `INSERT INTO entry (` + entryColumns + `) VALUES `, columns: 11}
	for i := range entries {
		e := &entries[i]
		insert.add(e.ConversionID, transaction, int64(i+1), string(e.Account.Party), e.Account.ID,
			string(e.Account.Book), e.Account.Test, string(e.Amount.Currency), e.Amount.Units, e.Reason, micros(e.At))
	}
	return insert
}

// Entries gives the entries of a conversion in the order in which they were
// booked.
func (db *DB) Entries(ctx context.Context, conversionID string) ([]ledger.Entry, error) {
	e, err := entriesOf(ctx, db.read(), conversionID)
	return e, db.failed(err, "read the entries of conversion %s", conversionID)
}

// EntriesBeside gives the entries that a payout, or else an adjustment, has booked
// beside those of conversions.
func (db *DB) EntriesBeside(ctx context.Context, payoutID, adjustmentID int64) ([]ledger.Entry, error) {
	const read = `SELECT ` + entryColumns + ` FROM entry WHERE conversion_id = '' AND signal_id = $1 ORDER BY line`
	name := besideConversions(payoutID, adjustmentID)
	var all []ledger.Entry
	err := db.read().query(ctx, func(row scan) error {
		e, err := scanEntry(row)
		all = append(all, e)
		return err
	}, read, name)
	return all, db.failed(err, "read the entries of %s", name)
}

func entriesOf(ctx context.Context, s session, conversionID string) ([]ledger.Entry, error) {
	const read = `
		SELECT ` + entryColumns + ` FROM entry WHERE conversion_id = $1
		ORDER BY at, signal_id, line`
	var all []ledger.Entry
	err := s.query(ctx, func(row scan) error {
		e, err := scanEntry(row)
		all = append(all, e)
		return err
	}, read, conversionID)
	return all, err
}

// totalOf selects what a column of micro-units comes to, for money.Total.
func totalOf(column string) string {
	return fmt.Sprintf("CAST(COALESCE(SUM(%[1]s / %[2]d), 0) AS BIGINT), CAST(COALESCE(SUM(%[1]s %% %[2]d), 0) AS BIGINT)", column, money.Unit)
}

// Balance is the sum of an account's entries in one currency.
type Balance struct {
	Account ledger.Account `json:"account"`
	Amount  money.Sum      `json:"amount"`
}

// BalanceFilter picks balances. A Party left open is all of them, a PartyID all
// of the party.
type BalanceFilter struct {
	Party   ledger.Party
	PartyID int64
	Test    bool
}

// Balances gives the balances that are not zero, by party, ID, book and
// currency.
func (db *DB) Balances(ctx context.Context, f BalanceFilter) ([]Balance, error) {
	q := newSelection("SELECT party, party_id, book, currency, "+totalOf("amount")+" FROM entry", "")
	q.where("test = ?", f.Test)
	q.text("party", string(f.Party))
	q.number("party_id", f.PartyID)
	text := q.withConditions() + `
		GROUP BY party, party_id, book, currency
		ORDER BY party, party_id, book, currency`
	var all []Balance
	err := db.read().query(ctx, func(row scan) error {
		b := Balance{Account: ledger.Account{Test: f.Test}}
		var in money.Currency
		var units, micro int64
		err := row(&b.Account.Party, &b.Account.ID, &b.Account.Book, &in, &units, &micro)
		if b.Amount = money.Total(units, micro, in); b.Amount.Sign() != 0 {
			all = append(all, b)
		}
		return err
	}, text, q.args...)
	return all, db.failed(err, "read balances")
}
