package api

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/host"
)

func TestADomainIsKeptAsItIsMeant(t *testing.T) {
	w := newWorld(t)
	got := w.do(t, asNetwork, "POST", "domains", `{"host":" Klick.Bücher.Example. ","advertiser_id":1}`)
	if got.status != 201 || got.header.Get("Location") != "/api/v1/domains/1" {
		t.Fatalf("create: %d %s", got.status, got.text)
	}
	for name, want := range map[string]any{
		"host": "klick.xn--bcher-kva.example", "certificate": "acme", "status": "active", "advertiser_id": 1.0,
	} {
		if got.body[name] != want {
			t.Errorf("%s = %v, want %v", name, got.body[name], want)
		}
	}
	if d, ok := w.present.Domain("klick.xn--bcher-kva.example:443"); !ok || d.AdvertiserID != 1 {
		t.Errorf("the catalog has %+v, %t; want the domain at once", d, ok)
	}
	list := w.do(t, asNetwork, "GET", "domains?advertiser_id=2", "")
	if data, _ := list.body["data"].([]any); list.status != 200 || len(data) != 0 {
		t.Errorf("another advertiser's domains: %d %s", list.status, list.text)
	}
}

func TestADomainIsRefused(t *testing.T) {
	w := newWorld(t)
	if got := w.do(t, asNetwork, "POST", "domains", `{"host":"go.shop.example","advertiser_id":1}`); got.status != 201 {
		t.Fatalf("create: %d %s", got.status, got.text)
	}
	tests := []struct {
		name, method, path, body string
		status                   int
		place, says              string
	}{
		{"without a host", "POST", "domains", `{"advertiser_id":1}`, 422, "body.host", "missing"},
		{"with an address", "POST", "domains", `{"host":"203.0.113.7","advertiser_id":1}`, 422, "body.host", "address"},
		{"with a URL", "POST", "domains", `{"host":"https://go.other.example","advertiser_id":1}`, 422, "body.host", "without https"},
		{"with the installation's own", "POST", "domains", `{"host":"GO.example.com","advertiser_id":1}`, 422, "body.host", "installation's own"},
		{"of nobody", "POST", "domains", `{"host":"go.other.example","advertiser_id":99}`, 422, "body.advertiser_id", "no advertiser 99"},
		{"a second time", "POST", "domains", `{"host":"Go.Shop.Example","advertiser_id":2}`, 409, "body.host", "already"},
		{"with files outside", "POST", "domains", `{"host":"go.other.example","advertiser_id":1,"certificate":"file","cert_file":"../x","key_file":"y"}`, 422, "body.cert_file", "within"},
		{"with a state of its own", "POST", "domains", `{"host":"go.other.example","advertiser_id":1,"tls":{"state":"ready"}}`, 422, "body.tls", "set by Waybill"},
		{"under another name", "PATCH", "domains/1", `{"host":"go.other.example"}`, 422, "body.host", "stays"},
		{"with files beside ACME", "PATCH", "domains/1", `{"cert_file":"x.pem"}`, 422, "body.cert_file", "acme"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, asNetwork, tt.method, tt.path, tt.body)
			errs, _ := got.body["errors"].([]any)
			if got.status != tt.status || len(errs) == 0 {
				t.Fatalf("%d %s; want %d at %s", got.status, got.text, tt.status, tt.place)
			}
			place, _ := errs[0].(map[string]any)
			if message, _ := place["message"].(string); place["location"] != tt.place || !strings.Contains(message, tt.says) {
				t.Errorf("%v; want %q at %s", errs, tt.says, tt.place)
			}
		})
	}
}

func TestADomainsCertificateIsShownBesideIt(t *testing.T) {
	w := newWorld(t)
	create := func(body string) map[string]any {
		t.Helper()
		got := w.do(t, asNetwork, "POST", "domains", body)
		if got.status != 201 {
			t.Fatalf("create: %d %s", got.status, got.text)
		}
		return got.body
	}
	state := func(body map[string]any) any { tls, _ := body["tls"].(map[string]any); return tls["state"] }

	one := create(`{"host":"go.shop.com","advertiser_id":1}`)
	warnings, _ := one["warnings"].([]any)
	if len(warnings) != 1 || state(one) != "off" {
		t.Errorf("on a node without TLS: %v, want a warning and the state off", one)
	}
	two := create(`{"host":"proxied.shop.com","advertiser_id":1,"certificate":"none"}`)
	if _, warned := two["warnings"]; warned || state(two) != "idle" {
		t.Errorf("behind a proxy: %v, want no warning and the state idle", two)
	}

	expires := noon.Add(24 * time.Hour)
	w.Certificates = func(d host.Domain) CertificateState {
		return CertificateState{State: "ready", ExpiresAt: &expires, Issuer: "CN=Test", Problem: "of " + d.Host}
	}
	got := w.do(t, asNetwork, "GET", "domains/1", "")
	tls, _ := got.body["tls"].(map[string]any)
	if got.header.Get("ETag") != `"1"` || tls["state"] != "ready" || tls["expires_at"] != "2026-11-23T12:00:00Z" || tls["problem"] != "of go.shop.com" {
		t.Errorf("GET = %s, want the certificate's state beside version 1", got.text)
	}
	if got := w.do(t, asNetwork, "GET", "domains/2", ""); state(got.body) != "idle" {
		t.Errorf("GET of the proxied = %s, want idle", got.text)
	}
	paused := w.do(t, asNetwork, "PATCH", "domains/1", `{"status":"paused"}`)
	if paused.status != 200 || state(paused.body) != "idle" {
		t.Errorf("paused: %d %s", paused.status, paused.text)
	}
	if list := w.do(t, asNetwork, "GET", "domains", ""); strings.Count(list.text, `"state":"idle"`) != 2 {
		t.Errorf("the list shows %s, want the state of each", list.text)
	}
}
