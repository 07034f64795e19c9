package sqlledger

import (
	"context"

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
	return e, err
}

// entryRows adds the lines of a signal's transaction. There is no statement that
// changes or deletes one.
func entryRows(signalID string, entries []ledger.Entry) rows {
	insert := rows{head: `INSERT INTO entry (` + entryColumns + `) VALUES `, columns: 11}
	for i := range entries {
		e := &entries[i]
		insert.add(e.ConversionID, signalID, int64(i+1), string(e.Account.Party), e.Account.ID,
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

// Balance is the sum of an account's entries in one currency.
type Balance struct {
	Account ledger.Account `json:"account"`
	Amount  money.Amount   `json:"amount"`
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
	q := newSelection("SELECT party, party_id, book, currency, CAST(SUM(amount) AS BIGINT) FROM entry", "")
	q.where("test = ?", f.Test)
	q.text("party", string(f.Party))
	q.number("party_id", f.PartyID)
	text := q.withConditions() + `
		GROUP BY party, party_id, book, currency
		HAVING SUM(amount) <> 0
		ORDER BY party, party_id, book, currency`
	var all []Balance
	err := db.read().query(ctx, func(row scan) error {
		b := Balance{Account: ledger.Account{Test: f.Test}}
		err := row(&b.Account.Party, &b.Account.ID, &b.Account.Book, &b.Amount.Currency, &b.Amount.Units)
		all = append(all, b)
		return err
	}, text, q.args...)
	return all, db.failed(err, "read balances")
}
