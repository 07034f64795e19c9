package certificates

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/host"
)

func TestServesACertificateFromFiles(t *testing.T) {
	t.Parallel()
	d := domain("files.shop.com", host.File)
	w := newWorld(t, d)
	cert, key := pair(t, time.Now().Add(time.Hour), d.Host)
	w.write(d.Host, cert, key)
	w.run()
	w.until("the certificate is ready", func() bool { return w.state(d.Host).Condition == Ready })
	first, err := w.shown(d.Host, nil)
	if err != nil || !first.NotAfter.Equal(w.state(d.Host).ExpiresAt) {
		t.Fatalf("shown: %v, %v; state: %+v", first, err, w.state(d.Host))
	}

	cert, key = pair(t, time.Now().Add(2*time.Hour), d.Host)
	w.write(d.Host, cert, key)
	w.until("the new files are taken", func() bool {
		next, err := w.shown(d.Host, nil)
		return err == nil && next.SerialNumber.Cmp(first.SerialNumber) != 0
	})
	second, err := w.shown(d.Host, nil)
	if err != nil {
		t.Fatal(err)
	}

	w.write(d.Host, []byte("half a fi"), key)
	w.until("the broken file is noticed", func() bool { return w.state(d.Host).Problem != "" })
	if got := w.state(d.Host); got.Condition != Ready || strings.Contains(got.Problem, "half") {
		t.Errorf("state = %+v, want the old one ready, and nothing of the file's contents", got)
	}
	if still, err := w.shown(d.Host, nil); err != nil || still.SerialNumber.Cmp(second.SerialNumber) != 0 {
		t.Errorf("with broken files %v is shown, %v; want the one before", still, err)
	}
	w.write(d.Host, cert, key)
	w.until("the mended files are taken", func() bool { return w.state(d.Host).Problem == "" })
	if got := w.authority.Orders(); got != nil {
		t.Errorf("orders = %v, want none", got)
	}
}

func TestRefusesFilesThatAreBroken(t *testing.T) {
	t.Parallel()
	const name = "broken.shop.com"
	good, goodKey := pair(t, time.Now().Add(time.Hour), name)
	_, otherKey := pair(t, time.Now().Add(time.Hour), name)
	other, otherNameKey := pair(t, time.Now().Add(time.Hour), "other.shop.com")
	tests := []struct {
		name  string
		write func(t *testing.T, w *world)
		says  string
	}{
		{"no files", func(*testing.T, *world) {}, "cert_file: cannot be opened: no such file"},
		{"a certificate for another host", func(_ *testing.T, w *world) { w.write(name, other, otherNameKey) }, "cert_file: is not for this host"},
		{"another key", func(_ *testing.T, w *world) { w.write(name, good, otherKey) }, "private key does not match"},
		{"files the wrong way round", func(_ *testing.T, w *world) { w.write(name, goodKey, good) }, "cert_file and key_file"},
		{"a folder in place of a file", func(t *testing.T, w *world) {
			w.write(name, good, goodKey)
			path := filepath.Join(w.settings.Files, name, "key.pem")
			if os.Remove(path) != nil || os.Mkdir(path, 0o700) != nil {
				t.Fatal("no folder made")
			}
		}, "key_file: is no file"},
		{"a huge file", func(_ *testing.T, w *world) {
			w.write(name, bytes.Repeat([]byte("x"), longestFile+1), goodKey)
		}, "cert_file: is longer"},
		{"a link out of the folder", func(t *testing.T, w *world) {
			w.write(name, good, goodKey)
			outside := filepath.Join(t.TempDir(), "key.pem")
			path := filepath.Join(w.settings.Files, name, "key.pem")
			if os.WriteFile(outside, goodKey, 0o600) != nil || os.Remove(path) != nil || os.Symlink(outside, path) != nil {
				t.Fatal("no link made")
			}
		}, "key_file: cannot be opened"},
		{"no folder", func(t *testing.T, w *world) {
			if err := os.Remove(w.settings.Files); err != nil {
				t.Fatal(err)
			}
		}, "--tls-files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, domain(name, host.File))
			tt.write(t, w)
			w.run()
			w.until("the problem is shown", func() bool { return w.state(name).Condition == Failing })
			got := w.state(name)
			if !strings.Contains(got.Problem, tt.says) || strings.Contains(got.Problem, w.settings.Files) {
				t.Errorf("problem = %q, want %q and not the folder", got.Problem, tt.says)
			}
			if _, err := w.shown(name, nil); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
				t.Errorf("a handshake ends with %v, want unrecognized name", err)
			}
		})
	}
}

func TestAnExpiredFileIsShownAsSuch(t *testing.T) {
	t.Parallel()
	d := domain("late.shop.com", host.File)
	w := newWorld(t, d)
	cert, key := pair(t, time.Now().Add(-time.Minute), d.Host)
	w.write(d.Host, cert, key)
	w.run()
	w.until("it is shown as expired", func() bool { return w.state(d.Host).Condition == Expired })
	if got := w.keeper.Problems()[d.Host]; got == "" {
		t.Error("Problems() does not name it")
	}
}

func TestACertificateThatComesFromElsewhereNow(t *testing.T) {
	t.Parallel()
	d := domain("moved.shop.com", host.ACME)
	w := newWorld(t, d)
	cert, key := pair(t, time.Now().Add(time.Hour), d.Host)
	w.write(d.Host, cert, key)
	w.run()
	w.until("it is there from ACME", func() bool { return w.state(d.Host).Condition == Ready })
	w.know(domain(d.Host, host.File))
	w.until("it is there from files", func() bool {
		leaf, err := w.shown(d.Host, nil)
		return err == nil && leaf.Issuer.CommonName == ""
	})
	if w.keeper.managed(d.Host) != nil {
		t.Error("the one from ACME is still kept")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	good, bad := domain("metrics.shop.com", host.ACME), domain("metrics-bad.shop.com", host.File)
	w := newWorld(t, good, bad)
	w.run()
	w.until("one is ready, the other failing", func() bool {
		return w.state(good.Host).Condition == Ready && w.state(bad.Host).Condition == Failing
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.keeper)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()+" "+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"waybill_certificate_expiry_timestamp_seconds " + good.Host: float64(w.state(good.Host).ExpiresAt.Unix()),
		"waybill_certificate_problem " + good.Host:                  0,
		"waybill_certificate_problem " + bad.Host:                   1,
		"waybill_certificate_requests_total obtained":               1,
		"waybill_certificate_requests_total renewed":                0,
		"waybill_certificate_requests_total failed":                 0,
	}
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s = %v, %t; want %v", name, v, ok, value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("metrics = %v, want %v", got, want)
	}
}
