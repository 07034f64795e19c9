package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"waybill/internal/param"
	"waybill/internal/txid"
)

// Claims that come together are judged side by side, since the stores take what
// waits together into one fsync. Those that speak of the same thing stay in one
// lane, in their order, so that the outcome is as if they had come one by one.

// lanes parts n things into lanes: those that share a subject are in one.
func lanes(n int, subjects func(i int) []string) [][]int {
	of := make([]int, n) // union-find
	root := func(i int) int {
		for of[i] != i {
			of[i] = of[of[i]]
			i = of[i]
		}
		return i
	}
	holder := map[string]int{}
	for i := range n {
		of[i] = i
		for _, subject := range subjects(i) {
			if other, ok := holder[subject]; ok {
				of[root(i)] = root(other)
			}
			holder[subject] = i
		}
	}
	place := map[int]int{}
	var all [][]int
	for i := range n {
		r := root(i)
		at, ok := place[r]
		if !ok {
			at = len(all)
			place[r], all = at, append(all, nil)
		}
		all[at] = append(all[at], i)
	}
	return all
}

// abreast calls do for every lane, most of them at a time, and waits for all.
func abreast(most int, all [][]int, do func(lane []int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, most)
	for _, lane := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(lane)
		})
	}
	wg.Wait()
}

// subjectsOf names what a claim speaks of.
func (a *API) subjectsOf(claim json.RawMessage) []string {
	var v param.Values
	_ = v.AddJSON(param.Signal, claim) // what cannot be read is refused when it is judged
	var all []string
	for _, text := range v.TransactionIDs() {
		all = append(all, "transaction "+strings.ToLower(text))
		if offerID := a.cappedOffer(text); offerID != 0 {
			all = append(all, "caps "+strconv.FormatInt(offerID, 10))
		}
	}
	for _, n := range [...]param.Name{
		param.OrderID, param.ConversionID, param.CustomerID, param.Email, param.EmailSHA256, param.Username,
		param.GAID, param.IDFA, param.IDFV,
	} {
		if text := v.Get(n); text != "" {
			all = append(all, n.String()+" "+text)
		}
	}
	return all
}

// cappedOffer gives the offer that a transaction ID names, if it has caps: which
// of its claims fit is a matter of their order.
func (a *API) cappedOffer(text string) int64 {
	id, err := txid.Parse(text)
	if err != nil {
		return 0
	}
	present := a.Catalog()
	parts, err := present.Ring().Open(id)
	if err != nil {
		return 0
	}
	if o, ok := present.Offer(parts.Offer); !ok || len(o.Caps) == 0 {
		return 0
	}
	return parts.Offer
}
