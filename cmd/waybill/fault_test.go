package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The tests in fault*_test.go run the binary as processes of their own and do
// to them what the world does: kill them, fill their disk, take their database
// away, hang up on them. What must hold afterwards is judged from outside the
// process, by what its clients noted while it lived.

// patience is how long a test waits for what must come. It is generous, since a
// machine that is busy with other tests is no fault.
const patience = time.Minute

// site is one installation, and the node that runs on it.
type site struct {
	t    *testing.T
	dir  string
	args []string // of every serve
	key  string
	node *process
	web  *http.Client
	log  *os.File // what its processes say on stderr
}

// newSite makes an installation in a folder that is not there yet. Its nodes
// are started with args beside the usual ones.
func newSite(t *testing.T, dir string, args ...string) *site {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: dir, web: newClient(), log: log}
	s.args = append([]string{
		"serve", "--data", dir, "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--allow-private-destinations", "127.0.0.0/8", "--min-free-mib", "1",
	}, args...)
	t.Cleanup(func() {
		if s.node != nil {
			s.kill()
		}
		s.web.CloseIdleConnections()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("the nodes' last words:\n%s", said[max(0, len(said)-8<<10):])
		}
		log.Close()
	})
	return s
}

// newClient makes a client that sees redirects and keeps many connections.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: noRedirects.CheckRedirect,
	}
}

// waybill gives the command that runs the binary, which is this test binary
// under another name; see TestMain.
func waybill(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return &exec.Cmd{Path: self, Args: append([]string{"waybill"}, args...)}
}

// process is a node.
type process struct {
	cmd    *exec.Cmd
	url    string
	ending atomic.Bool   // it was told to end, or killed
	exited chan struct{} // closed when it has ended
}

// launch starts a node without waiting for it. The channel gives its first line
// and is closed when there will be none.
func (s *site) launch() <-chan string {
	s.t.Helper()
	p := &process{cmd: waybill(s.args...), exited: make(chan struct{})}
	p.cmd.Stderr = s.log
	tie(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	first := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		if line, err := lines.ReadString('\n'); err == nil {
			first <- line
		}
		close(first)
		_, _ = io.Copy(io.Discard, lines)
		_ = p.cmd.Wait() // its state tells
		close(p.exited)
	}()
	s.node = p
	return first
}

// start starts a node and waits until its doors are open.
func (s *site) start() {
	s.t.Helper()
	select {
	case line, ok := <-s.launch():
		if !ok {
			<-s.node.exited
			s.t.Fatalf("the node ended before its doors were open: %s", s.node.cmd.ProcessState)
		}
		words := strings.Fields(line)
		s.node.url = words[len(words)-1]
	case <-time.After(patience):
		s.t.Fatal("the node's doors did not open")
	}
}

// kill ends the node as a power cut would, and returns when it is gone.
func (s *site) kill() {
	s.node.ending.Store(true)
	_ = s.node.cmd.Process.Kill()
	<-s.node.exited
	s.web.CloseIdleConnections()
}

// terminate asks the node to stop, and gives its exit code and how long it took.
func (s *site) terminate() (code int, took time.Duration) {
	s.t.Helper()
	began := time.Now()
	s.node.ending.Store(true)
	if err := s.node.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatalf("tell the node to stop: %v", err)
	}
	select {
	case <-s.node.exited:
	case <-time.After(patience):
		s.t.Fatal("the node does not stop")
	}
	s.web.CloseIdleConnections()
	return s.node.cmd.ProcessState.ExitCode(), time.Since(began)
}

// stop stops the node in good order.
func (s *site) stop() {
	s.t.Helper()
	s.web.CloseIdleConnections() // a connection that was never used keeps a node for five seconds
	if code, took := s.terminate(); code != exitDone {
		s.t.Errorf("the node left with exit code %d after %s", code, took)
	}
}

// run runs a command on the installation and gives what it printed.
func (s *site) run(args ...string) (string, error) {
	cmd := waybill(append(args, "--data", s.dir)...)
	for i, arg := range s.args {
		if arg == "--ledger" {
			cmd.Args = append(cmd.Args, arg, s.args[i+1])
		}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// check has the installation check itself.
func (s *site) check() {
	s.t.Helper()
	if out, err := s.run("check"); err != nil {
		s.t.Errorf("waybill check: %v\n%s", err, out)
	}
}

// call makes a request of the API, and reads its answer into into.
func (s *site) call(method, path string, body, into any) error {
	var sent io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, s.node.url+"/api/v1/"+path, sent)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.web.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s answered %d: %s", method, path, resp.StatusCode, answer)
	}
	return json.Unmarshal(answer, into)
}

// must makes a request that the test cannot go on without.
func (s *site) must(method, path string, body, into any) {
	s.t.Helper()
	if err := s.call(method, path, body, into); err != nil {
		s.t.Fatal(err)
	}
}

// furnish makes a key, an advertiser, an affiliate and, if there is a receiver
// for it, the affiliate's postback.
func (s *site) furnish(receiver string) {
	s.t.Helper()
	key, err := s.run("key", "create", "--role", "network")
	if err != nil {
		s.t.Fatalf("create a key: %v\n%s", err, key)
	}
	s.key = strings.TrimSpace(key)
	type fields = map[string]any
	s.must(http.MethodPost, "advertisers", fields{"name": "Shop"}, new(named))
	s.must(http.MethodPost, "affiliates", fields{"name": "Blog"}, new(named))
	if receiver != "" {
		s.must(http.MethodPost, "postbacks", fields{
			"owner": map[string]int64{"affiliate_id": 1},
			"url":   receiver + "?conversion={conversion_id}&own={aff_click_id}",
		}, new(named))
	}
}

// destination is where every visitor is sent.
const destination = "https://shop.example/kettle?tid="

// offer makes an offer that pays 4.00 of 5.00, with settings beside.
func (s *site) offer(settings map[string]any) int64 {
	s.t.Helper()
	o := map[string]any{
		"advertiser_id": 1, "name": "Kettle", "destination_url": destination + "{transaction_id}",
		"payout":  map[string]string{"type": "cpa", "amount": "4.00"},
		"revenue": map[string]string{"type": "cpa", "amount": "5.00"},
	}
	for name, value := range settings {
		o[name] = value
	}
	var made named
	s.must(http.MethodPost, "offers", o, &made)
	return made.ID
}

// ready gives what /readyz answers.
func (s *site) ready() (status int, text string) {
	s.t.Helper()
	return s.fetch("/readyz")
}

// metric gives the value of one of the node's metrics.
func (s *site) metric(name string) float64 {
	s.t.Helper()
	_, text := s.fetch("/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				s.t.Fatalf("metric %s is %q", name, value)
			}
			return v
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

func (s *site) fetch(path string) (status int, text string) {
	s.t.Helper()
	resp, err := s.web.Get(s.node.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// eventually waits until f succeeds.
func (s *site) eventually(what string, f func() error) {
	s.t.Helper()
	if err := poll(patience, f); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}
