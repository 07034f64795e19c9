package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// node is a running Waybill, and a key to its API.
type node struct {
	*child
	program string
	address string
	data    string
	ledger  string // empty: SQLite in the data folder
	key     string
	ready   time.Duration // from its start to the first answer that it is ready
	client  *http.Client
}

// startNode starts "waybill serve" on a data folder in dir, as it comes but for
// the addresses it listens on and may send postbacks to, and for further flags.
func startNode(ctx context.Context, o *options, dir, ledger string, flags ...string) (*node, error) {
	program, err := filepath.Abs(o.waybill)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", o.waybill, err)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	n := &node{
		program: program, address: address, data: filepath.Join(dir, "data"), ledger: ledger,
		client: &http.Client{Timeout: 30 * time.Second},
	}
	args := append([]string{"serve", "--listen", address, "--allow-private-destinations", "127.0.0.0/8", "--log-level", "warn"}, flags...)
	cmd := n.command(ctx, args...)
	cmd.Dir = dir // where no waybill.toml is
	began := time.Now()
	if n.child, err = start(ctx, dir, "waybill", cmd); err != nil {
		return nil, err
	}
	if err := n.answers(ctx, n.url("/readyz")); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	n.ready = time.Since(began)
	return n, nil
}

// command makes a call of the program on the node's installation.
func (n *node) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append(args, "--data", n.data)
	if n.ledger != "" {
		args = append(args, "--ledger", n.ledger)
	}
	return exec.CommandContext(ctx, n.program, args...) //nolint:gosec // the program to measure
}

// url writes the address of a path.
func (n *node) url(path string) string { return "http://" + n.address + path }

// createKey makes the key that later calls of the API bear, and waits until the
// node knows it, which a busy machine may delay.
func (n *node) createKey(ctx context.Context) error {
	out, err := n.command(ctx, "key", "create", "--role", "network").Output()
	if err != nil {
		return fmt.Errorf("create a key: %w", err)
	}
	n.key = strings.TrimSpace(string(out))
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for tick := time.Tick(20 * time.Millisecond); ; {
		var page document
		if err = n.call(ctx, http.MethodGet, "/advertisers", nil, &page); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("use the new key: %w", err)
		case <-tick:
		}
	}
}

// check runs "waybill check" beside the node.
func (n *node) check(ctx context.Context) error {
	out, err := n.command(ctx, "check").CombinedOutput()
	if err != nil {
		return fmt.Errorf("waybill check: %w\n%s", err, out)
	}
	return nil
}

// call speaks to the API and reads the answer into out.
func (n *node) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, n.url("/api/v1"+path), &body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := n.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// created is what the API says of what it has created.
type created struct {
	ID    json.RawMessage `json:"id"`
	Token string          `json:"token"`
}

// number is an ID of the kinds that are numbered.
func (c created) number() (int64, error) { return strconv.ParseInt(string(c.ID), 10, 64) }

// document is a document of the API, as it is sent.
type document map[string]any

// makeCatalog creates a key, an advertiser and so many offers and affiliates,
// numbered from 1, and gives the token that the advertiser's postbacks bear. A
// tracker's address for an affiliate subscribes it to its conversions.
func (n *node) makeCatalog(ctx context.Context, offers, affiliates int, tracker func(affiliate int64) string) (token string, err error) {
	if err := n.createKey(ctx); err != nil {
		return "", err
	}
	var advertiser created
	if err := n.call(ctx, http.MethodPost, "/advertisers", document{"name": "Example Shop", "postback_auth": "token"}, &advertiser); err != nil {
		return "", err
	}
	for i := range offers {
		offer := document{
			"advertiser_id": advertiser.ID, "name": fmt.Sprintf("Spring sale %d", i+1), "destination_url": destination,
			"payout":  document{"type": "cps", "percent": "8"},
			"revenue": document{"type": "cps", "percent": "10"},
		}
		if err := n.create(ctx, "/offers", offer, int64(i+1)); err != nil {
			return "", err
		}
	}
	for i := range affiliates {
		id := int64(i + 1)
		if err := n.create(ctx, "/affiliates", document{"name": fmt.Sprintf("Affiliate %d", id)}, id); err != nil {
			return "", err
		}
		if tracker == nil {
			continue
		}
		subscription := document{"owner": document{"affiliate_id": id}, "url": tracker(id)}
		var answer created
		if err := n.call(ctx, http.MethodPost, "/postbacks", subscription, &answer); err != nil {
			return "", err
		}
	}
	return advertiser.Token, nil
}

// create creates a document and holds it to the number it is expected to get:
// visitors are drawn by number.
func (n *node) create(ctx context.Context, path string, d document, want int64) error {
	var answer created
	if err := n.call(ctx, http.MethodPost, path, d, &answer); err != nil {
		return err
	}
	if id, err := answer.number(); err != nil || id != want {
		return fmt.Errorf("POST %s: got ID %s, want %d", path, answer.ID, want)
	}
	return nil
}

// counter adds up a counter of the node's metrics over the labels that text
// names, such as `sent="offer"`; an empty text names all.
func (n *node) counter(ctx context.Context, name, text string) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url("/metrics"), http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := n.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	var sum float64
	found := false
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !strings.Contains(rest, text) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("read metric %s: %w", name, err)
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, fmt.Errorf("read metric %s: there is none", name)
	}
	return int64(sum), nil
}
