package bustle

import (
	"cmp"
	"slices"
	"time"
)

// Visit is one visitor of the past.
type Visit struct {
	Visitor

	At       time.Time
	Seen     bool      // he was only shown a banner
	ClickID  string    // the affiliate's own
	Told     time.Time // when the shop spoke of him; zero when it did not
	Reviewed time.Time // when somebody decided about his order; zero when nobody has
	Rejected bool      // what was decided
}

// How many come on a common day, and how many banners are shown beside.
const (
	visitsADay  = 120
	bannersADay = 70
)

// Past gives who came between two times, in the order of their coming. Days and
// nights, weekends and luck are to be seen in their numbers.
func (b *Bustle) Past(from, until time.Time) []Visit {
	var all []Visit
	luck := 1.0
	for hour := from.UTC().Truncate(time.Hour); hour.Before(until); hour = hour.Add(time.Hour) {
		if hour.Hour() == 0 {
			luck = 0.8 + 0.4*b.random.Float64()
		}
		busy := luck * (0.6 + 0.8*b.random.Float64()) * rhythm(hour)
		for range b.about(visitsADay * busy) {
			all = append(all, b.visit(hour, until))
		}
		for range b.about(bannersADay * busy) {
			v := Visit{Visitor: b.visitor(), At: b.within(hour), Seen: true}
			v.Deed = Leaves
			all = append(all, v)
		}
	}
	all = slices.DeleteFunc(all, func(v Visit) bool { return v.At.Before(from) || !v.At.Before(until) })
	slices.SortStableFunc(all, func(x, y Visit) int { return cmp.Compare(x.At.UnixNano(), y.At.UnixNano()) })
	return all
}

// rhythm gives an hour's part of a day: few at night, most in the evening, fewer
// at weekends.
func rhythm(hour time.Time) float64 {
	ofDay := [24]float64{
		1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 6, 6, 5, 5, 5, 6, 7, 8, 8, 6, 3, 1, // together 100
	}
	part := ofDay[hour.Hour()] / 100
	if day := hour.Weekday(); day == time.Saturday || day == time.Sunday {
		part *= 0.75
	}
	return part
}

// about gives a whole number near n, which is n on average.
func (b *Bustle) about(n float64) int { return int(n + b.random.Float64()) }

// within draws a moment of an hour.
func (b *Bustle) within(hour time.Time) time.Time {
	return hour.Add(time.Duration(b.random.Int64N(int64(time.Hour)))).Truncate(time.Millisecond)
}

// visit draws one visitor of an hour, and what became of him until a time.
func (b *Bustle) visit(hour, until time.Time) Visit {
	v := Visit{Visitor: b.visitor(), At: b.within(hour), ClickID: b.clickID()}
	v.Deed = b.deed(sharesOfPast())
	told := v.At.Add(b.delay())
	reviewed := told.Truncate(day).Add(time.Duration(24*(1+b.random.IntN(3))+9)*time.Hour + time.Duration(b.random.Int64N(int64(8*time.Hour))))
	rejected := b.random.IntN(100) < 10+6*v.Affiliate
	if v.Deed == Leaves {
		return v
	}
	if !told.Before(until) { // it is still to come, and nobody knows of it
		v.Deed = Leaves
		return v
	}
	v.Told = told
	if v.Deed == Pends && reviewed.Before(until) {
		v.Reviewed, v.Rejected = reviewed.Truncate(time.Millisecond), rejected
	}
	return v
}

const day = 24 * time.Hour

// delay draws how long a visitor takes to buy: mostly minutes, sometimes days.
func (b *Bustle) delay() time.Duration {
	least, most := 40*time.Second, 30*time.Minute
	switch n := b.random.IntN(100); {
	case n < 15:
		least, most = 12*time.Hour, 8*day
	case n < 40:
		least, most = 30*time.Minute, 12*time.Hour
	}
	return (least + time.Duration(b.random.Int64N(int64(most-least)))).Truncate(time.Millisecond)
}

// clickID makes an affiliate's own ID of a click.
func (b *Bustle) clickID() string {
	const letters, length = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 26
	id := []byte("trk")
	for range length {
		id = append(id, letters[b.random.IntN(len(letters))])
	}
	return string(id)
}

// sharesOfPast are those of the deeds but leaving, of a thousand, over weeks in
// which nearly all went well.
func sharesOfPast() []share {
	return []share{
		{Buys, 75}, {Pends, 35}, {ToldTwice, 5}, {NoToken, 5}, {WrongGoal, 5}, {ForgedID, 3}, {NoID, 4}, {WrongMoney, 3},
	}
}
