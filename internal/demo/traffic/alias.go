package traffic

import (
	"math"
	"math/rand/v2"
)

// alias draws numbers that have different weights, in the same short time
// however many there are (Walker's method).
type alias struct {
	keep  []uint32 // of 2³²: how often a place keeps what falls on it
	other []uint32 // who gets the rest
}

// newAlias makes an alias of weights, of which at least one is above 0.
func newAlias(weights []float64) *alias {
	n := len(weights)
	var sum float64
	for _, w := range weights {
		sum += w
	}
	a := &alias{keep: make([]uint32, n), other: make([]uint32, n)}
	scaled, small, large := make([]float64, n), make([]int, 0, n), make([]int, 0, n)
	for i, w := range weights {
		scaled[i] = w * float64(n) / sum
		if scaled[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = uint32(scaled[s]*math.MaxUint32), uint32(l) //nolint:gosec // an index
		scaled[l] -= 1 - scaled[s]
		if scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // what rounding has left
		a.keep[i], a.other[i] = math.MaxUint32, uint32(i) //nolint:gosec // an index
	}
	return a
}

// zipf gives weights by rank: the first are far heavier than the rest, and the
// rest is long.
func zipf(n int, exponent, offset float64) []float64 {
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1)+offset, -exponent)
	}
	return weights
}

// draw gives an index.
func (a *alias) draw(r *rand.Rand) int {
	u := r.Uint64()
	i := (u >> 32) * uint64(len(a.keep)) >> 32
	if uint32(u) <= a.keep[i] { //nolint:gosec // the lower half
		return int(i)
	}
	return int(a.other[i])
}

// chance is true so many times in a thousand.
func chance(r *rand.Rand, inThousand int) bool { return r.IntN(1000) < inThousand }

// early gives a number below n, the first ones more often: of a small list the
// first third has more than half.
func early(r *rand.Rand, n int) int { return min(r.IntN(n), r.IntN(n)) }
