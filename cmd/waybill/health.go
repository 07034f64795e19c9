package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"waybill/internal/serve/edge"
	"waybill/internal/serve/login"
)

// staleCatalog is how old the catalog may be before readiness says so. The node
// goes on serving with what it has.
const staleCatalog = time.Minute

// health answers whether the node lives and is fit to be sent traffic.
func (n *node) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		failing := n.failing()
		if len(failing) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		for _, f := range failing {
			fmt.Fprintln(w, f)
		}
		for _, f := range n.limping() {
			fmt.Fprintln(w, f)
		}
		if len(failing) == 0 {
			fmt.Fprintln(w, "ready")
		}
	})
}

// failing lists why the node should not be sent traffic: a click's record
// cannot be written.
func (n *node) failing() []string {
	if err := n.journal.Health(); err != nil {
		return []string{"failing: journal: " + err.Error()}
	}
	return nil
}

// limping lists what is wrong but loses nothing: clicks go on, signals are queued,
// and the facts of reports are made again.
func (n *node) limping() []string {
	var all []string
	if age := n.refresh.Age(); age > staleCatalog {
		all = append(all, fmt.Sprintf("warning: catalog: last read from the ledger %s ago", age.Round(time.Second)))
	}
	if count, oldest := n.settler.Unsettled(); count > 0 {
		all = append(all, fmt.Sprintf("warning: settle: %d signals wait to be settled, the oldest for %s", count, oldest.Round(time.Second)))
	}
	return append(append(all, n.limpingCertificates()...), n.limpingReports()...)
}

// staleWarehouse is how far the warehouse may be behind before readiness says so.
const staleWarehouse = time.Minute

// limpingReports lists what is wrong with reports.
func (n *node) limpingReports() []string {
	if n.tally == nil {
		return nil
	}
	if why := n.warehouse.state(); why != nil {
		return []string{"warning: warehouse: reports cannot be answered: " + why.Error()}
	}
	state := n.tally.State()
	if state.Parked != nil {
		return []string{"warning: warehouse: nothing is shipped to it: " + state.Parked.Error()}
	}
	if behind := time.Since(state.Through); !state.Through.IsZero() && behind > staleWarehouse {
		return []string{fmt.Sprintf("warning: warehouse: reports are %s behind", behind.Round(time.Second))}
	}
	return nil
}

// administration opens the API and the metrics.
func (n *node) administration(mux *http.ServeMux, e *edge.Edge) {
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics, promhttp.HandlerOpts{}))
	mux.Handle("/api/v1/", n.api(e))
	mux.Handle(login.Prefix, n.login)
	n.console.Register(mux)
}
