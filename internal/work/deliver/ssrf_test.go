package deliver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/span"
)

// twoHomes starts a receiver on 127.0.0.1, which tests allow in place of a public
// address, and one on 127.0.0.2 at the same port, which stands for everything
// inside, and counts who was reached.
func twoHomes(t *testing.T) (port string, outside, inside *atomic.Int32) {
	t.Helper()
	outside, inside = new(atomic.Int32), new(atomic.Int32)
	begin := func(address string, hits *atomic.Int32) (net.Listener, error) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		s := &httptest.Server{Listener: l, Config: &http.Server{
			Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }), ReadHeaderTimeout: time.Second,
		}}
		s.Start()
		t.Cleanup(s.Close)
		return l, nil
	}
	for range 20 { // the port may be taken on the second address
		l, err := begin("127.0.0.1:0", outside)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		if _, err = begin("127.0.0.2:"+port, inside); err == nil {
			return port, outside, inside
		}
	}
	t.Fatal("no port is free on 127.0.0.1 and 127.0.0.2")
	return "", nil, nil
}

// oneAllowed is a worker to which 127.0.0.1 is a public address.
func oneAllowed(t *testing.T, r *net.Resolver) *Worker {
	t.Helper()
	w := sender(t, Settings{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	w.carriers = newCarriers(w.settings, r)
	transport := w.carriers.of(0)
	transport.DisableKeepAlives = true
	w.transport = transport
	return w
}

// insideHosts are addresses and names that lead inside, in every spelling that
// somebody may hope to be overlooked.
func insideHosts() []string {
	return []string{
		// Loopback: dotted, short, decimal, octal, hex and mixed.
		"127.0.0.2", "127.2", "127.0.2", "2130706434", "0x7f000002", "0x7f.0.0.2", "0x7F.0x00.0x00.0x02", "0177.0.0.2", "0177.0.0.02",
		"017700000002", "127.0.0.2.", "127.000.000.002", "0000127.0.0.2", "%31%32%37.0.0.2", "①②⑦.0.0.2", "127。0。0。2",
		// IPv6 that holds it: mapped, compatible, translated, 6to4, Teredo, ISATAP.
		"[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[0:0:0:0:0:ffff:7f00:2]", "[::127.0.0.2]", "[::7f00:2]", "[64:ff9b::7f00:2]",
		"[64:ff9b::127.0.0.2]", "[64:ff9b:1::7f00:2]", "[2002:7f00:2::1]", "[2001:0:7f00:2::1]", "[2001::80ff:fffd]", "[fe80::5efe:7f00:2]",
		"[::ffff:0:7f00:2]", "[100::7f00:2]",
		// Loopback and the unspecified address of IPv6, links with zones, local and site-local nets.
		"[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[::1%25lo]", "[fc00::1]", "[fd12:3456::1]",
		"[fec0::1]", "[ff02::1]", "[ff05::2]", "[5f00::1]", "[2001:db8::1]", "[3fff::1]", "[2620:4f:8000::1]",
		// This network, private, shared, link-local, protocol, benchmark, documentation, multicast, reserved, broadcast.
		"0.0.0.0", "0", "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.255",
		"100.64.0.1", "100.127.255.254", "169.254.0.1", "192.0.0.1", "192.0.0.170", "192.0.2.7", "198.18.0.1", "198.19.255.255",
		"198.51.100.7", "203.0.113.7", "192.88.99.1", "192.175.48.1", "192.31.196.1", "192.52.193.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		// What clouds tell their machines.
		"169.254.169.254", "169.254.170.2", "169.254.169.123", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
		"[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192",
		// Names that lead there. TestInside has those that the system knows.
		"sub.localhost", "metadata.google.internal", "metadata", "instance-data.ec2.internal",
		"metadata.azure.internal", "loop.example", "LOOP.example", "loop.example.", "six.example", "mapped.example", "nat.example",
		"private.example", "shared.example", "cloud.example", "both.example", "alias.example", "long.example", "ring.example", "zero.example",
	}
}

func insideNames() map[string][]string {
	return map[string][]string{
		"sub.localhost": {"127.0.0.2"}, "metadata.google.internal": {"169.254.169.254"},
		"metadata": {"169.254.169.254"}, "instance-data.ec2.internal": {"169.254.169.254"}, "metadata.azure.internal": {"168.63.129.16"},
		"loop.example": {"127.0.0.2"}, "six.example": {"::1"}, "mapped.example": {"::ffff:127.0.0.2"}, "nat.example": {"64:ff9b::7f00:2"},
		"private.example": {"10.0.0.1", "192.168.0.1"}, "shared.example": {"100.64.0.1"}, "cloud.example": {"fd00:ec2::254", "169.254.169.254"},
		"both.example": {"127.0.0.2", "::1", "10.0.0.1"}, "zero.example": {"0.0.0.0"},
		"alias.example": {"alias of loop.example"},
		"long.example":  {"alias of a1.example"}, "a1.example": {"alias of a2.example"}, "a2.example": {"alias of alias.example"},
		"ring.example": {"alias of gnir.example"}, "gnir.example": {"alias of ring.example"},
	}
}

// TestNothingInsideIsReached tries every spelling of what is inside, by every
// way that a request can take: the queue's, one with a connection time of its
// own, and that of access tokens.
func TestNothingInsideIsReached(t *testing.T) {
	hosts := insideHosts()
	if len(hosts) < 60 {
		t.Fatalf("%d addresses and names are tried, want 60 at least", len(hosts))
	}
	port, outside, inside := twoHomes(t)
	w := oneAllowed(t, resolver(t, insideNames()))
	slow := to("")
	slow.ConnectTimeout = span.Span(2 * time.Second)
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			url := "http://" + host + ":" + port + "/{sub1}"
			for way, s := range map[string]delivery.Subscription{"as usual": to(url), "with its own time": slow} {
				s.URL = url
				switch a := w.Send(t.Context(), s, owed("d1")); a.Error {
				case delivery.ErrForbidden, delivery.ErrTemplate: // refused for good
				case delivery.ErrDNS, delivery.ErrOther: // the name leads nowhere
				default:
					t.Errorf("%s: Send() = %+v", way, a)
				}
			}
			g := grantOf(func() (receiver.Request, error) {
				return receiver.Request{Method: http.MethodPost, URL: "http://" + host + ":" + port + "/token"}, nil
			})
			g.key = host
			if token, no := w.tokens.get(t.Context(), w.transport, g); no == nil || token != "" {
				t.Errorf("a token was had: %q", token)
			}
		})
	}
	if n := inside.Load(); n != 0 {
		t.Errorf("inside was reached %d times", n)
	}
	if n := outside.Load(); n != 0 {
		t.Errorf("outside was reached %d times: names lead there that should not", n)
	}
}

// TestMixedAnswers: of a name that leads to several addresses those that are
// forbidden are not dialed, whatever their order.
func TestMixedAnswers(t *testing.T) {
	port, outside, inside := twoHomes(t)
	w := oneAllowed(t, resolver(t, map[string][]string{
		"first.example": {"127.0.0.2", "127.0.0.1"}, "last.example": {"127.0.0.1", "127.0.0.2"},
		"none.example": {"127.0.0.2", "10.0.0.1", "::1"}, "alias.example": {"alias of first.example"},
	}))
	for host, want := range map[string]delivery.ErrorClass{
		"first.example": "", "last.example": "", "alias.example": "", "none.example": delivery.ErrForbidden,
	} {
		if a := w.Send(t.Context(), to("http://"+host+":"+port+"/{sub1}"), owed("d1")); a.Error != want {
			t.Errorf("%s: %+v, want %q", host, a, want)
		}
	}
	if outside.Load() != 3 || inside.Load() != 0 {
		t.Errorf("outside was reached %d times, inside %d times; want 3 and none", outside.Load(), inside.Load())
	}
}

// TestNamesThatChangeTheirMind: between any two look-ups a name may lead
// elsewhere. What is dialed is what was judged.
func TestNamesThatChangeTheirMind(t *testing.T) {
	port, outside, inside := twoHomes(t)
	var mu sync.Mutex
	asked := 0
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	w := oneAllowed(t, &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		home := "127.0.0.1"
		if asked++; asked%2 == 0 {
			home = "127.0.0.2"
		}
		near, far := net.Pipe()
		all.Go(func() { nameServer(far, map[string][]string{"flips.example": {home}}) })
		return near, nil
	}})
	for i := range 60 {
		a := w.Send(t.Context(), to("http://flips.example:"+port+"/{sub1}"), owed(fmt.Sprint(i)))
		if a.Error != "" && a.Error != delivery.ErrForbidden && a.Error != delivery.ErrDNS {
			t.Errorf("Send() = %+v", a)
		}
		if i%3 == 0 { // so that it is not always the same one of two questions
			mu.Lock()
			asked++
			mu.Unlock()
		}
	}
	if inside.Load() != 0 || outside.Load() == 0 || outside.Load() == 60 {
		t.Errorf("outside was reached %d times of 60, inside %d times; want some and none", outside.Load(), inside.Load())
	}
}

// TestRedirectsInside: an answer leads nowhere, not even to where it would be
// allowed.
func TestRedirectsInside(t *testing.T) {
	port, outside, inside := twoHomes(t)
	for _, location := range []string{
		"http://127.0.0.1:" + port + "/", "http://127.0.0.2:" + port + "/", "//127.0.0.2:" + port + "/", "http://[::1]:" + port + "/",
		"http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://127.0.0.2:" + port + "/",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			from := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			w := oneAllowed(t, nil)
			if a := w.Send(t.Context(), to(from+"/{sub1}"), owed("d1")); a.Error != delivery.ErrRedirect || a.Status != status {
				t.Errorf("%d to %s: %+v", status, location, a)
			}
		}
	}
	if outside.Load()+inside.Load() != 0 {
		t.Errorf("somebody was led on: %d outside, %d inside", outside.Load(), inside.Load())
	}
}

// TestNoProxies: a proxy of the environment, which would resolve names behind
// the guard's back, is not used.
func TestNoProxies(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") })
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, proxy)
	}
	t.Setenv("NO_PROXY", "")
	port, outside, _ := twoHomes(t)
	w := oneAllowed(t, resolver(t, map[string][]string{"far.example": {"127.0.0.1"}}))
	own := to("http://far.example:" + port + "/{sub1}")
	own.ConnectTimeout = span.Span(5 * time.Second)
	for _, s := range []delivery.Subscription{to("http://far.example:" + port + "/{sub1}"), own} {
		if a := w.Send(t.Context(), s, owed("d1")); a.Error != "" {
			t.Errorf("Send() = %+v", a)
		}
	}
	if outside.Load() != 2 {
		t.Errorf("the receiver was reached %d times, want twice", outside.Load())
	}
	for connect, transport := range w.carriers.all {
		if transport.Proxy != nil {
			t.Errorf("the carrier of %s asks for a proxy", connect)
		}
	}
}

// TestAllowedHosts: what the operator allows is reached, by address and by name,
// and nothing beside it.
func TestAllowedHosts(t *testing.T) {
	port, outside, inside := twoHomes(t)
	w := oneAllowed(t, resolver(t, map[string][]string{"ours.example": {"127.0.0.1"}, "next.example": {"127.0.0.2"}}))
	for host, want := range map[string]delivery.ErrorClass{
		"127.0.0.1": "", "ours.example": "", "[::ffff:127.0.0.1]": "", "127.0.0.2": delivery.ErrForbidden, "next.example": delivery.ErrForbidden,
	} {
		if a := w.Send(t.Context(), to("http://"+host+":"+port+"/{sub1}"), owed("d1")); a.Error != want {
			t.Errorf("%s: %+v, want %q", host, a, want)
		}
	}
	if outside.Load() != 3 || inside.Load() != 0 {
		t.Errorf("outside was reached %d times, inside %d times; want 3 and none", outside.Load(), inside.Load())
	}
}

// TestConnectTimes: carriers are few, however many times subscriptions set.
func TestConnectTimes(t *testing.T) {
	w := sender(t, Settings{ConnectTimeout: 3 * time.Second})
	for ms := range 30_000 {
		w.carriers.of(time.Duration(ms) * time.Millisecond)
	}
	if n := len(w.carriers.all); n > 31 {
		t.Errorf("%d carriers for times up to 30 s", n)
	}
	if got := w.carriers.of(0); got != w.carriers.of(3*time.Second) || got != w.transport {
		t.Error("the usual time has a carrier of its own twice")
	}
}

// grant is one whose request and answer tests choose.
type grant struct {
	key     string
	request func() (receiver.Request, error)
	read    func(now time.Time, status int) (string, time.Time, error)
}

func grantOf(request func() (receiver.Request, error)) *grant {
	return &grant{key: "k", request: request, read: func(now time.Time, _ int) (string, time.Time, error) {
		return "token", now.Add(time.Hour), nil
	}}
}

func (g *grant) Key() string                                 { return g.key }
func (g *grant) Request(time.Time) (receiver.Request, error) { return g.request() }
func (g *grant) Read(now time.Time, status int, _ []byte) (string, time.Time, error) {
	return g.read(now, status)
}

// body is an answer's body.
func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
