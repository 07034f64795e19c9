package deliver

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"waybill/internal/delivery"
)

// TestGuard judges addresses as the dialer hands them over.
func TestGuard(t *testing.T) {
	private := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
		"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
		"192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"168.63.129.16",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
		"2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
		"fec0::1", "ff02::1", "2606:4700:4700::1111%eth0",
	}
	public := []string{"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "168.63.129.17", "2606:4700:4700::1111", "2a00:1450:4001::200e"}
	guard := newGuard(nil)
	for _, ip := range private {
		if err := guard.Safe(network(ip), net.JoinHostPort(ip, "443"), nil); err == nil {
			t.Errorf("%s may be dialed", ip)
		} else if classify(&net.OpError{Op: "dial", Err: err}) != delivery.ErrForbidden {
			t.Errorf("%s: %v is classified as %s", ip, err, classify(err))
		}
	}
	for _, ip := range public {
		for _, port := range []string{"80", "443", "8080"} {
			if err := guard.Safe(network(ip), net.JoinHostPort(ip, port), nil); err != nil {
				t.Errorf("%s: %v", ip, err)
			}
		}
	}
	for _, other := range []string{"udp4", "unix", "ip4:icmp"} {
		if guard.Safe(other, "8.8.8.8:53", nil) == nil {
			t.Errorf("%s may be dialed", other)
		}
	}
}

func network(ip string) string {
	if strings.Contains(ip, ":") {
		return "tcp6"
	}
	return "tcp4"
}

// TestAllowed: what is allowed is allowed exactly.
func TestAllowed(t *testing.T) {
	guard := newGuard([]netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/64"), netip.MustParsePrefix("::ffff:192.168.7.0/120"),
	})
	for address, want := range map[string]bool{
		"10.1.2.3:80": true, "10.2.0.1:80": false, "127.0.0.1:80": false, "192.168.7.9:80": true, "192.168.8.1:80": false,
		"[fd12::1]:80": true, "[fd12:0:0:1::1]:80": false, "[::1]:80": false, "[::ffff:10.1.2.3]:80": false,
	} {
		n := "tcp4"
		if address[0] == '[' {
			n = "tcp6"
		}
		if err := guard.Safe(n, address, nil); (err == nil) != want {
			t.Errorf("%s: %v, want allowed: %v", address, err, want)
		}
	}
}

// TestInside: no spelling of an address inside, and no name that leads there,
// reaches a receiver on loopback.
func TestInside(t *testing.T) {
	reached := func(http.ResponseWriter, *http.Request) { t.Error("the receiver was reached") }
	_, port, err := net.SplitHostPort(strings.TrimPrefix(serve(t, reached), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]string{
		"inside.example":   {"127.0.0.1"},
		"metadata.example": {"169.254.169.254"},
		"six.example":      {"::1"},
		"mapped.example":   {"::ffff:127.0.0.1"},
		"nat64.example":    {"64:ff9b::7f00:1"},
		"several.example":  {"10.0.0.1", "127.0.0.1", "::1"},
		"localhost":        {"127.0.0.1", "::1"},
		"localhost.":       {"127.0.0.1"},
	}
	tests := []struct {
		host string
		want []delivery.ErrorClass
	}{
		{"127.0.0.1", forbiddenOnly()},
		{"127.1.2.3", forbiddenOnly()},
		{"[::1]", forbiddenOnly()},
		{"[0:0:0:0:0:0:0:1]", forbiddenOnly()},
		{"[::ffff:127.0.0.1]", forbiddenOnly()},
		{"[::ffff:7f00:1]", forbiddenOnly()},
		{"[::]", forbiddenOnly()},
		{"0.0.0.0", forbiddenOnly()},
		{"[64:ff9b::7f00:1]", forbiddenOnly()},
		{"[2002:7f00:1::]", forbiddenOnly()},
		{"169.254.169.254", forbiddenOnly()},
		{"10.0.0.1", forbiddenOnly()},
		{"[fd00:ec2::254]", forbiddenOnly()},
		{"inside.example", forbiddenOnly()},
		{"metadata.example", forbiddenOnly()},
		{"six.example", forbiddenOnly()},
		{"mapped.example", forbiddenOnly()},
		{"nat64.example", forbiddenOnly()},
		{"several.example", forbiddenOnly()},
		{"INSIDE.example", forbiddenOnly()},
		{"inside.example.", forbiddenOnly()},
		{"localhost", forbiddenOnly()},
		{"LOCALHOST", forbiddenOnly()},
		{"unknown.example", []delivery.ErrorClass{delivery.ErrDNS}},
		// Whether these are names or addresses is up to the system's resolver.
		{"0", nil},
		{"127.1", nil},
		{"2130706433", nil},
		{"0x7f000001", nil},
		{"0177.0.0.1", nil},
		{"0x7f.1", nil},
		{"127.0.0.1.", nil},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			w := sender(t, Settings{})
			w.transport = newTransport(w.settings, resolver(t, answers))
			a := w.Send(t.Context(), to("http://"+tt.host+":"+port+"/{sub1}"), owed("d1"))
			want := tt.want
			if want == nil {
				want = []delivery.ErrorClass{delivery.ErrForbidden, delivery.ErrDNS, delivery.ErrTemplate}
			}
			ok := false
			for _, class := range want {
				ok = ok || a.Error == class
			}
			if !ok || a.Status != 0 {
				t.Errorf("Send() = %+v, want one of %v", a, want)
			}
		})
	}
}

func forbiddenOnly() []delivery.ErrorClass { return []delivery.ErrorClass{delivery.ErrForbidden} }

// TestRebinding: a name is judged anew by what it leads to, each time that it is
// dialed.
func TestRebinding(t *testing.T) {
	hits := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	answers := map[string][]string{"rebind.example": {"127.0.0.1"}}
	w := sender(t, Settings{})
	w.settings.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} // stands for the public address
	w.settings.PerHost = 1
	transport := newTransport(w.settings, resolver(t, answers))
	transport.DisableKeepAlives = true
	w.transport = transport
	url := "http://rebind.example:" + port + "/{sub1}"
	if a := w.Send(t.Context(), to(url), owed("d1")); a.Error != "" {
		t.Fatalf("first: %+v", a)
	}
	answers["rebind.example"] = []string{"127.0.0.2"} // the same receiver hears it
	if a := w.Send(t.Context(), to(url), owed("d1")); a.Error != delivery.ErrForbidden {
		t.Errorf("after the name has changed its mind: %+v", a)
	}
	if hits != 1 {
		t.Errorf("the receiver was reached %d times, want once", hits)
	}
}

// resolver gives a resolver that knows the names in answers, and no others.
func resolver(t testing.TB, answers map[string][]string) *net.Resolver {
	t.Helper()
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		all.Go(func() { nameServer(far, answers) })
		return near, nil // no packets, so it is spoken to as over TCP
	}}
}

// nameServer answers the questions on one connection, each behind its length.
func nameServer(c net.Conn, answers map[string][]string) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := readFull(c, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := readFull(c, question); err != nil {
			return
		}
		reply := answerTo(question, answers)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

func readFull(c net.Conn, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := c.Read(b[n:])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// answerTo makes the reply to a DNS question of one name (RFC 1035, 4.1).
func answerTo(question []byte, answers map[string][]string) []byte {
	const head, typeA, typeCNAME, typeAAAA = 12, 1, 5, 28
	var labels []string
	at := head
	for question[at] != 0 {
		n := int(question[at])
		labels = append(labels, string(question[at+1:at+1+n]))
		at += 1 + n
	}
	end := at + 5 // the zero, type and class
	asked := binary.BigEndian.Uint16(question[at+1:])
	name := strings.ToLower(strings.Join(labels, "."))
	ips, known := answers[name]

	var records []byte
	count := uint16(0)
	record := func(kind uint16, data []byte) {
		records = append(records, 0xc0, head) // the name that was asked for
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0) // class IN, kept for no time
		records = binary.BigEndian.AppendUint16(records, uint16(len(data)))
		records = append(records, data...)
		count++
	}
	for hops := 0; len(ips) == 1 && hops < 9; hops++ {
		target, alias := strings.CutPrefix(ips[0], "alias of ")
		if !alias {
			break
		}
		record(typeCNAME, spelled(target))
		ips = answers[target]
	}
	for _, text := range ips {
		if ip, err := netip.ParseAddr(text); err == nil && ip.Is4() == (asked == typeA) && ip.Is6() == (asked == typeAAAA) {
			record(asked, ip.AsSlice())
		}
	}
	flags := uint16(0x8180)
	if !known {
		flags |= 3 // there is no such name
	}
	reply := append([]byte{}, question[:2]...)
	for _, v := range []uint16{flags, 1, count, 0, 0} {
		reply = binary.BigEndian.AppendUint16(reply, v)
	}
	return append(append(reply, question[head:end]...), records...)
}

// spelled gives a name as messages have it.
func spelled(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}
