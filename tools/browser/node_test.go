//go:build slow

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// node is a real Waybill on a folder of its own, behind the test's TLS.
type node struct {
	t              *testing.T
	binary, folder string
	addr, key      string
	output         lockedBuffer
}

// startNode starts the binary that WAYBILL_BINARY names, and stops it when the
// test is over.
func startNode(t *testing.T) *node {
	t.Helper()
	n := &node{t: t, binary: os.Getenv("WAYBILL_BINARY"), folder: filepath.Join(t.TempDir(), "data"), addr: freeAddr(t)}
	if n.binary == "" {
		t.Fatal("WAYBILL_BINARY names no binary: run make test-browser")
	}
	serve := n.command(context.WithoutCancel(t.Context()), "serve", "--listen", n.addr, "--public-url", tracking, "--trusted-proxies", "127.0.0.0/8")
	serve.Stdout, serve.Stderr = &n.output, &n.output
	if err := serve.Start(); err != nil {
		t.Fatalf("start Waybill: %v", err)
	}
	t.Cleanup(func() {
		err := serve.Process.Signal(os.Interrupt)
		if err == nil {
			err = serve.Wait()
		}
		if err != nil {
			t.Errorf("stop Waybill: %v", err)
		}
		if t.Failed() {
			t.Logf("Waybill said:\n%s", n.output.String())
		}
	})
	until(t, "Waybill is ready", func() bool {
		status, _ := n.request(http.MethodGet, "/readyz", nil)
		return status == http.StatusOK
	})
	n.key = n.newKey("--role", "network")
	return n
}

func (n *node) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, n.binary, append([]string{name, "--data", n.folder}, args...)...)
}

// newKey makes an API key.
func (n *node) newKey(args ...string) string {
	n.t.Helper()
	out, err := exec.CommandContext(n.t.Context(), n.binary, append([]string{"key", "create", "--data", n.folder}, args...)...).Output()
	if err != nil {
		n.t.Fatalf("make a key: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func (n *node) request(method, path string, body io.Reader) (int, []byte) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, "http://"+n.addr+path, body)
	if err != nil {
		n.t.Fatalf("ask for %s: %v", path, err)
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatalf("read %s: %v", path, err)
	}
	return resp.StatusCode, text
}

// make creates a resource.
func (n *node) make(resource, body string) {
	n.t.Helper()
	if status, text := n.request(http.MethodPost, "/api/v1/"+resource, bytes.NewBufferString(body)); status != http.StatusCreated {
		n.t.Fatalf("create one of %s: %d %s", resource, status, text)
	}
}

// list gives the records of a list, as the network sees them.
func (n *node) list(path string) []map[string]any {
	n.t.Helper()
	status, text := n.request(http.MethodGet, "/api/v1/"+path, nil)
	var page struct {
		Data []map[string]any `json:"data"`
	}
	if err := json.Unmarshal(text, &page); err != nil || status != http.StatusOK {
		n.t.Fatalf("list %s: %d %s: %v", path, status, text, err)
	}
	return page.Data
}

// record gives one record.
func (n *node) record(path string) map[string]any {
	n.t.Helper()
	status, text := n.request(http.MethodGet, "/api/v1/"+path, nil)
	var one map[string]any
	if err := json.Unmarshal(text, &one); err != nil || status != http.StatusOK {
		n.t.Fatalf("read %s: %d %s: %v", path, status, text, err)
	}
	return one
}

// proxy puts the node behind TLS, under whatever name it is asked by.
func (n *node) proxy() http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: n.addr})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free address: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

// text gives a field of a record for comparison.
func text(record map[string]any, field string) string { return fmt.Sprint(record[field]) }
