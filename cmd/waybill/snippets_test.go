package main

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	sdk "waybill/sdk/go"
)

// pasted is one snippet as the API gives it.
type pasted struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	File    string `json:"file"`
	Code    string `json:"code"`
}

// errand says how a snippet is run once.
type errand struct {
	programs []string          // that it takes
	files    map[string]string // beside it
	command  []string          // ID and FILE stand for the transaction ID and the snippet
	env      []string
}

// errands gives what an advertiser's own code does with each snippet. What is
// run prints the verdict.
func errands() map[string]errand {
	return map[string]errand{
		"php": {
			programs: []string{"php"},
			files: map[string]string{"main.php": `<?php
				require 'waybill.php';
				$_GET = ['CLICK_ID' => $argv[1]];
				@waybill_keep(); // its cookie goes nowhere here
				echo json_encode(waybill_conversion($_COOKIE['wb_server_tid'], "A'1\"\\é$argv[1]", '59.90'));`},
			command: []string{"php", "main.php", "ID"},
		},
		"node": {
			programs: []string{"node"},
			files: map[string]string{"main.mjs": `
				import { waybillConversion, waybillKeep } from "./waybill.mjs";
				const cookies = [];
				waybillKeep({ url: "/?utm=x&Tid=" + process.argv[2] }, { appendHeader: (name, value) => cookies.push(value) });
				const id = /^wb_server_tid=([^;]+);/.exec(cookies[0])[1];
				console.log(JSON.stringify(await waybillConversion(id, "A'1\"\\é" + id, 59.9)));`},
			command: []string{"node", "main.mjs", "ID"},
		},
		"python": {
			programs: []string{"python3"},
			files: map[string]string{"main.py": strings.Join([]string{
				"import json, sys, waybill",
				"cookie = waybill.waybill_cookie('utm=x&CID=' + sys.argv[1])",
				"id = cookie.split(';')[0].split('=')[1]",
				`print(json.dumps(waybill.waybill_conversion(id, "A'1\"\\é" + id, 59.9)))`,
			}, "\n")},
			command: []string{"python3", "main.py", "ID"},
		},
		"go": {
			programs: []string{"go"},
			files: map[string]string{"main.go": `package main
				import ("encoding/json"; "net/http/httptest"; "os")
				func main() {
					r := httptest.NewRequest("GET", "/?clickid=" + os.Args[1], nil)
					v, err := reportOrder(r.Context(), r, "A'1\"\\é" + os.Args[1], "59.90")
					if err != nil { panic(err) }
					if err := json.NewEncoder(os.Stdout).Encode(v); err != nil { panic(err) }
				}`},
			command: []string{"go", "run", "FILE", "main.go", "ID"},
		},
		"curl": {
			programs: []string{"curl", "openssl"},
			command:  []string{"sh", "FILE"},
			env:      []string{"TRANSACTION_ID=ID", "ORDER_ID=A'1éID", "AMOUNT=59.90"},
		},
	}
}

// TestSnippetsCount pastes each snippet into a program of its language, which
// reports an order to a node. The advertisers' secrets hold what ends strings in
// some language.
func TestSnippetsCount(t *testing.T) {
	t.Parallel()
	s := newSite(t, filepath.Join(t.TempDir(), "data"))
	s.start()
	s.furnish("")
	const secret = "'\"\\$HOME`id`%41%s</script>?>#&+=\\n{{x}}[[y]]"
	for _, auth := range []string{"off", "token", "signature"} {
		var owner named
		s.must(http.MethodPost, "advertisers", map[string]any{
			"name": "Shop\"s, '" + auth + "'", "postback_auth": auth, "token": secret, "sig_secret": secret,
		}, &owner)
		offer := s.offer(map[string]any{"advertiser_id": owner.ID, "name": "Kettle's \"best\" ?> --> */ </script>"})
		s.must(http.MethodPost, fmt.Sprintf("offers/%d/goals", offer), map[string]any{"code": "tea.pot-1_x", "name": "Pot"}, new(named))
		var kit struct{ Snippets []pasted }
		s.must(http.MethodGet, fmt.Sprintf("offers/%d/snippets?goal=tea.pot-1_x", offer), nil, &kit)
		ran := 0
		for _, p := range kit.Snippets {
			t.Run(auth+" "+p.ID, func(t *testing.T) {
				id := s.clickOn(t, offer)
				switch p.Channel {
				case "postback":
					s.counted(t, id, paste(t, p, errands()[p.ID], id))
				case "pixel":
					s.shown(t, p, id)
				default: // of the browser SDK, whose tests run them in a browser
				}
				ran++
			})
		}
		if ran < len(errands()) {
			t.Errorf("%d snippets ran with postback_auth %s, want at least %d", ran, auth, len(errands()))
		}
	}
}

// clickOn follows the tracking link of the only affiliate and gives the
// transaction ID.
func (s *site) clickOn(t *testing.T, offer int64) string {
	t.Helper()
	resp, err := s.web.Get(fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=1", s.node.url, offer))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	id, found := strings.CutPrefix(resp.Header.Get("Location"), destination)
	if !found {
		t.Fatalf("the click leads to %q", resp.Header.Get("Location"))
	}
	return id
}

// paste runs a snippet as its errand says and gives what it printed.
func paste(t *testing.T, p pasted, e errand, id string) string {
	t.Helper()
	if len(e.command) == 0 {
		t.Fatalf("nobody runs the %s snippet", p.ID)
	}
	for _, program := range e.programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not here: script/need snippets installs it", program)
			}
			t.Skipf("NOT TESTED: %s is not on this machine; script/need snippets installs it", program)
		}
	}
	dir := t.TempDir()
	files := maps.Clone(e.files)
	if files == nil {
		files = map[string]string{}
	}
	files[p.File] = p.Code
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill := strings.NewReplacer("FILE", filepath.Join(dir, p.File), "main.", filepath.Join(dir, "main."), "ID", id)
	args := make([]string, len(e.command))
	for i, arg := range e.command {
		args[i] = fill.Replace(arg)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	if p.ID != "go" { // which finds the module from here
		cmd.Dir = dir
	}
	cmd.Env = os.Environ()
	for _, one := range e.env {
		name, value, _ := strings.Cut(one, "=")
		cmd.Env = append(cmd.Env, name+"="+fill.Replace(value))
	}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s\n%s", err, said.String(), out, p.Code)
	}
	return string(out)
}

// counted holds a verdict to a conversion of the goal and amount.
func (s *site) counted(t *testing.T, id, answer string) {
	t.Helper()
	var v struct {
		Status, Code, Message string
		ConversionID          string `json:"conversion_id"`
		TransactionID         string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(answer), &v); err != nil || v.Status != "accepted" || v.Code != "ok" || v.TransactionID != id {
		t.Fatalf("the verdict is %s (%v), want an accepted conversion of %s", answer, err, id)
	}
	var c struct {
		Goal    string
		OrderID string `json:"order_id"`
		Amount  struct{ Amount string }
	}
	if err := s.call(http.MethodGet, "conversions/"+v.ConversionID, nil, &c); err != nil {
		t.Fatal(err)
	}
	if c.Goal != "tea.pot-1_x" || c.Amount.Amount != "59.90" || !strings.HasPrefix(c.OrderID, "A'1") || !strings.HasSuffix(c.OrderID, "é"+id) {
		t.Errorf("the conversion is %+v", c)
	}
}

// shown asks for a pixel's image or frame, as a page would whose template filled
// in what stands in braces.
func (s *site) shown(t *testing.T, p pasted, id string) {
	t.Helper()
	m := regexp.MustCompile(`<(?:img|iframe) src="([^"]+)"`).FindStringSubmatch(p.Code)
	if m == nil {
		t.Fatalf("there is no pixel in %s", p.Code)
	}
	src := strings.NewReplacer("{transaction_id}", id, "{order_id}", url.QueryEscape("A'1é"+id), "{amount}", "59.90").Replace(html.UnescapeString(m[1]))
	resp, err := s.web.Get(src)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if verdict := resp.Header.Get("Waybill-Verdict"); resp.StatusCode != http.StatusOK || verdict != "ok" {
		t.Errorf("%s answers %d, verdict %q; want 200 and ok", src, resp.StatusCode, verdict)
	}
}

// TestAClientBindsACustomer has an advertiser's Go server identify a customer,
// whose next order is credited without the visit's ID.
func TestAClientBindsACustomer(t *testing.T) {
	t.Parallel()
	s := newSite(t, filepath.Join(t.TempDir(), "data"))
	s.start()
	s.furnish("")
	const secret = "secret-of-the-shop-0123456789"
	var owner named
	s.must(http.MethodPost, "advertisers", map[string]any{"name": "Shop", "postback_auth": "signature", "sig_secret": secret}, &owner)
	offer := s.offer(map[string]any{"advertiser_id": owner.ID, "attribution": []string{"transaction_id", "customer_id", "email", "username"}})
	id := s.clickOn(t, offer)
	client := sdk.Client{URL: s.node.url, Secret: secret}
	who := sdk.Identity{TransactionID: id, CustomerID: "c-1001", Email: " Ann@Example.com", Username: "Ann"}
	if v, err := client.Identify(t.Context(), who); err != nil || v.Status != sdk.Accepted || v.ConversionID != "" {
		t.Fatalf("Identify() = %+v, %v", v, err)
	}
	for order, c := range map[string]sdk.Conversion{
		"by customer": {CustomerID: "c-1001"}, "by e-mail": {Email: "ann@example.com"}, "by user name": {Username: " ann"},
	} {
		c.OfferID, c.OrderID = offer, order
		v, err := client.Convert(t.Context(), c)
		if err != nil || !v.Counted() || v.TransactionID != id {
			t.Errorf("%s: Convert() = %+v, %v; want a conversion of %s", order, v, err, id)
		}
	}
	stranger, err := client.Convert(t.Context(), sdk.Conversion{OfferID: offer, CustomerID: "c-1002", OrderID: "B"})
	if err != nil || stranger.Status != sdk.Rejected || stranger.Code != "click_not_found" {
		t.Errorf("of a stranger Convert() = %+v, %v; want click_not_found", stranger, err)
	}
	forger := sdk.Client{URL: s.node.url, Secret: secret + "x"}
	if v, err := forger.Convert(t.Context(), sdk.Conversion{TransactionID: id, OrderID: "C"}); err != nil || v.Code != "signature_invalid" {
		t.Errorf("of a forger Convert() = %+v, %v; want signature_invalid", v, err)
	}
}
