package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"waybill": main})
}

// TestScripts drives the whole binary as a user does. Each script has the
// environment variables ADDR1 to ADDR3 (free addresses on loopback) and the
// commands ready, http, extract, receiver, authority, keypair and https.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for i := 1; i <= 3; i++ {
				addr, err := freeAddr()
				if err != nil {
					return err
				}
				e.Setenv(fmt.Sprintf("ADDR%d", i), addr)
			}
			all := &receivers{t: t, on: map[string]*standIn{}}
			e.Values[receiversKey{}] = all
			e.Defer(all.close)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":     cmdReady,
			"http":      cmdHTTP,
			"extract":   cmdExtract,
			"receiver":  cmdReceiver,
			"authority": cmdAuthority, "keypair": cmdKeypair, "https": cmdHTTPS,
		},
	})
}

// freeAddr gives an address that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// cmdReady waits until a node at an address is ready.
func cmdReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready ADDR")
	}
	ts.Check(poll(15*time.Second, func() error {
		resp, err := noRedirects.Get("http://" + args[0] + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", resp.Status)
		}
		return nil
	}))
}

// poll calls f until it succeeds, and gives its last error when it never does.
func poll(within time.Duration, f func() error) error {
	deadline := time.Now().Add(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		<-tick.C
	}
}

// noRedirects sees redirects instead of following them.
var noRedirects = http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// cmdHTTP makes a request and prints the status line, the headers and the body:
//
//	http [-until TEXT] [-H 'Name: value']... METHOD URL [BODY]
//
// A body @FILE is what the file holds. With -until it asks again until the answer
// holds TEXT.
func cmdHTTP(ts *testscript.TestScript, neg bool, args []string) {
	header := http.Header{}
	until := ""
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		switch name, value, _ := strings.Cut(args[1], ": "); args[0] {
		case "-H":
			header.Set(name, value)
		case "-until":
			until = args[1]
		default:
			ts.Fatalf("http: no option %s", args[0])
		}
		args = args[2:]
	}
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: http [-until TEXT] [-H 'Name: value']... METHOD URL [BODY]")
	}
	if name, ok := strings.CutPrefix(args[len(args)-1], "@"); ok {
		args[2] = ts.ReadFile(name)
	}
	var answer string
	ts.Check(poll(15*time.Second, func() error {
		var err error
		answer, err = request(header, args)
		if err != nil {
			return err
		}
		if !strings.Contains(answer, until) {
			return fmt.Errorf("no %q in the answer:\n%s", until, answer)
		}
		return nil
	}))
	_, _ = ts.Stdout().Write([]byte(answer))
}

// request makes one request.
func request(header http.Header, args []string) (string, error) {
	body := ""
	if len(args) == 3 {
		body = args[2]
	}
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	if name := header.Get("Host"); name != "" { // which is no header to net/http
		r.Host = name
	}
	resp, err := noRedirects.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP %d\n", resp.StatusCode)
	for name, values := range resp.Header {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, ", "))
	}
	fmt.Fprintln(&b)
	if _, err := io.Copy(&b, resp.Body); err != nil {
		return "", err
	}
	fmt.Fprintln(&b)
	return b.String(), nil
}

// cmdExtract sets an environment variable to what stands between two texts in
// a file (or in stdout):
//
//	extract VAR FILE BEFORE AFTER
//
// An AFTER of EOL is the end of the line.
func cmdExtract(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: extract VAR FILE BEFORE AFTER")
	}
	_, rest, ok := strings.Cut(ts.ReadFile(args[1]), args[2])
	if !ok {
		ts.Fatalf("extract: no %q in %s", args[2], args[1])
	}
	after := args[3]
	if after == "EOL" {
		after = "\n"
	}
	value, _, ok := strings.Cut(rest, after)
	if !ok {
		ts.Fatalf("extract: no %q behind %q in %s", args[3], args[2], args[1])
	}
	ts.Setenv(args[0], strings.TrimSpace(value))
}
