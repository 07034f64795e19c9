package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
)

// troupe is the processes of a demo, and what they share.
type troupe struct {
	env      *env
	dir      string
	children []*child
	client   *http.Client
}

// demoNode is an installation in a demo, with a key to all of it.
type demoNode struct {
	*troupe

	url, key, data string
}

// serving is how the demo runs an installation on a folder.
func serving(folder, listen string) []string {
	return []string{
		"serve", "--data", folder, "--listen", listen,
		"--allow-private-destinations", "127.0.0.0/8", "--trusted-proxies", "127.0.0.0/8", "--log-level", "warn",
	}
}

// serve starts an installation on a folder of its own. Where no key to it is there
// yet, it makes one.
func (t *troupe) serve(folder, listen, key string) (*demoNode, error) {
	n := &demoNode{troupe: t, data: filepath.Join(t.dir, folder), key: key}
	var err error
	n.url, err = t.child(serving(n.data, listen)...)
	if err != nil || key != "" {
		return n, err
	}
	return n, n.open()
}

// open makes a key to all of the installation.
func (n *demoNode) open() error {
	var key strings.Builder
	quiet := *n.env
	quiet.stdout = &key
	if err := perform(&quiet, common{Data: n.data}, &keyCreate{Role: "network", Name: "demo"}); err != nil {
		return err
	}
	n.key = strings.TrimSpace(key.String())
	return nil
}

// create makes a record through the REST API.
func (n *demoNode) create(ctx context.Context, resource string, v, into any) error {
	return n.post(ctx, "/api/v1/"+resource, v, into)
}

// post sends JSON to a path of the node.
func (n *demoNode) post(ctx context.Context, path string, v, into any) error {
	return n.send(ctx, http.MethodPost, n.url+path, n.key, v, into)
}

// send sends JSON, with a key where one is needed.
func (t *troupe) send(ctx context.Context, method, address, key string, v, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("send to %s: %w", address, err)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("send to %s: %w", address, err)
	}
	r.Header.Set("Content-Type", "application/json")
	return t.fetch(r, key, into)
}

// get reads a resource.
func (n *demoNode) get(ctx context.Context, resource string, into any) error {
	return n.troupe.get(ctx, n.url+"/api/v1/"+resource, n.key, into)
}

// get reads JSON, with a key where one is needed.
func (t *troupe) get(ctx context.Context, address, key string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("get %s: %w", address, err)
	}
	return t.fetch(r, key, into)
}

// fetch sends a request and reads the JSON that comes.
func (t *troupe) fetch(r *http.Request, key string, into any) error {
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s answered %d: %s", r.Method, r.URL.Path, resp.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	return nil
}

// say prints a line.
func (t *troupe) say(format string, args ...any) {
	fmt.Fprintf(t.env.stdout, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
}
