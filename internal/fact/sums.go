package fact

import "waybill/internal/money"

// Book is what conversions are added up for. The currency is that of their
// amounts, and of their payouts where they have no amount.
type Book struct {
	OfferID  int64
	Test     bool
	Status   string
	Currency string
}

// Sums is what the conversions of a book come to.
type Sums struct {
	Count                   int64
	Amount, Payout, Revenue money.Sum
}

// Add gives s with what o comes to.
func (s Sums) Add(o Sums) Sums {
	return Sums{s.Count + o.Count, s.Amount.Add(o.Amount), s.Payout.Add(o.Payout), s.Revenue.Add(o.Revenue)}
}

// Equal reports whether s and o come to the same.
func (s Sums) Equal(o Sums) bool {
	return s.Count == o.Count && s.Amount.Compare(o.Amount) == 0 && s.Payout.Compare(o.Payout) == 0 && s.Revenue.Compare(o.Revenue) == 0
}

// Sums gives what the fact adds to its book, or takes from it.
func (c *Conversion) Sums() (Book, Sums) {
	sign, in := int64(c.Sign), money.Currency(c.Currency)
	of := func(units int64) money.Sum { return money.Total(0, sign*units, in) }
	return Book{c.OfferID, c.Test, c.Status, c.Currency}, Sums{sign, of(c.Amount), of(c.Payout), of(c.Revenue)}
}
