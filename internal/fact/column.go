package fact

import "time"

// What the bits of the column traffic say.
const (
	TrafficBot        = 1 << 0
	TrafficTurnedAway = 1 << 1
	TrafficTest       = 1 << 2
)

// QuartersADay is how many quarters of an hour a day has.
const QuartersADay = 96

const quarterMilli = 15 * 60 * 1000

// Quarter gives the quarter of an hour that t lies in, counted from 1970 in
// UTC. Every zone's days begin with one, so a local day is made of whole ones.
// It is 0 for the zero time.
func Quarter(t time.Time) int32 { return int32(floorDiv(Milli(t), quarterMilli)) } //nolint:gosec // the year 63000 fits

// Day gives the UTC day that t lies in, counted from 1970. It is 0 for the zero
// time.
func Day(t time.Time) int32 { return int32(floorDiv(int64(Quarter(t)), QuartersADay)) } //nolint:gosec // less than a quarter

// QuarterTime gives when a quarter begins.
func QuarterTime(quarter int32) time.Time { return time.UnixMilli(int64(quarter) * quarterMilli).UTC() }

// Milli gives the Unix milliseconds of t, 0 for the zero time.
func Milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Traffic gives the bits of the column traffic.
func (c *Click) Traffic() uint8 {
	return bit(c.Bot, TrafficBot) | bit(c.TurnedAway != "", TrafficTurnedAway) | bit(c.ID.Test(), TrafficTest)
}

// Traffic gives the bits of the column traffic.
func (c *Conversion) Traffic() uint8 { return bit(c.Bot, TrafficBot) | bit(c.Test, TrafficTest) }

func bit(set bool, b uint8) uint8 {
	if set {
		return b
	}
	return 0
}
