package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// redirect is the least that a Go server can do for a click: net/http and
// ServeMux with Waybill's time limits, a query cut up by hand and not decoded,
// and a Location put together from it. It mints, decides and records nothing.
func redirect(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/click", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Location"] = []string{location(r.URL.RawQuery)}
		h["Cache-Control"] = []string{"no-store"}
		h["Content-Length"] = []string{"0"}
		w.WriteHeader(http.StatusFound)
	})
	s := &http.Server{
		Addr: address, Handler: mux,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 75 * time.Second, MaxHeaderBytes: 16 << 10,
	}
	context.AfterFunc(ctx, func() { _ = s.Close() }) // nothing of it is worth keeping
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// noID stands where a transaction ID would, so that all answers are as long.
const noID = "04w0000000000000000000000000000a"

// location puts the Location together from a query.
func location(query string) string {
	var offer, affiliate, click, source string
	var sub [3]string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "offer_id":
			offer = value
		case "affiliate_id":
			affiliate = value
		case "aff_click_id":
			click = value
		case "sub1":
			sub[0] = value
		case "sub2":
			sub[1] = value
		case "sub3":
			sub[2] = value
		case "source":
			source = value
		}
	}
	return landing(offer, affiliate, noID, click, sub, source)
}

// landing writes what destination's macros make of a click.
func landing(offer, affiliate, id, click string, sub [3]string, source string) string {
	return "https://shop.example/landing/spring?utm_source=affiliate&utm_medium=cpa&utm_campaign=" + offer +
		"&wb=" + id + "&aff=" + affiliate + "&clickid=" + click +
		"&s1=" + sub[0] + "&s2=" + sub[1] + "&s3=" + sub[2] + "&src=" + source
}
