package api

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"waybill/internal/param"
	"waybill/internal/signal"
)

const (
	maxReported     = 10_000   // claims in one array
	maxReport       = 16 << 20 // bytes of it
	reporting       = 2 * time.Minute
	reportedAbreast = 16
)

// reportAll takes the claims of an array, those that speak of the same thing in
// their order. Once one cannot be written down no other is tried: each would wait
// as long for a journal that is away.
func (a *API) reportAll(ctx context.Context, hit Hit, list []json.RawMessage, verdicts []verdictWithHTTP) {
	var failed atomic.Pointer[signal.Verdict]
	judge := func(lane []int) {
		for _, i := range lane {
			if first := failed.Load(); first != nil {
				verdicts[i] = untried(*first)
				continue
			}
			one := hit
			one.Index, one.Parameters = i, list[i]
			v := a.Signals.Submit(ctx, one)
			verdicts[i] = verdictWithHTTP{v, v.Code.HTTP()}
			if v.Code == signal.Unavailable {
				failed.CompareAndSwap(nil, &v)
			}
		}
	}
	if len(list) > param.MaxBatch {
		abreast(reportedAbreast, lanes(len(list), func(i int) []string { return a.subjectsOf(list[i]) }), judge)
		return
	}
	for i := range list {
		judge([]int{i})
	}
}

// untried answers for a claim that is not tried since another could not be written
// down.
func untried(first signal.Verdict) verdictWithHTTP {
	first.SignalID, first.TransactionID, first.Test = "", "", false
	return verdictWithHTTP{first, first.Code.HTTP()}
}
