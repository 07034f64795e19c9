//go:build slow

package browser

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

// startChromium starts a browser that finds every host at addr.
func startChromium(t *testing.T, addr string) context.Context {
	t.Helper()
	profile := t.TempDir()
	if err := blockThirdPartyCookies(profile); err != nil {
		t.Fatalf("prepare the profile: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.UserDataDir(profile),
		chromedp.IgnoreCertErrors,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * "+addr),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// blockThirdPartyCookies writes the setting that a visitor makes by hand.
func blockThirdPartyCookies(profile string) error {
	settings, err := json.Marshal(map[string]any{"profile": map[string]any{
		"block_third_party_cookies": true,
		"cookie_controls_mode":      1,
	}})
	if err != nil {
		return err
	}
	folder := filepath.Join(profile, "Default")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "Preferences"), settings, 0o600)
}

// tab is a page in the browser, and the errors that it met.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it is how chromedp names a tab

	mu     sync.Mutex
	errors []string
}

// open opens a tab in the browser that ctx names. At the test's end it has
// met no error: the SDK never throws into the page.
func open(ctx context.Context, t *testing.T) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithListener(b.listen))
	t.Cleanup(cancel)
	b.ctx, cancel = context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	if err := chromedp.Do(b.ctx); err != nil { //nolint:contextcheck // it is ctx, with a limit
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, e := range b.errors {
			t.Errorf("the page met an error: %s", e)
		}
	})
	return b
}

func (b *tab) listen(event any) {
	thrown, ok := event.(*runtime.EventExceptionThrown)
	if !ok {
		return
	}
	text, err := json.Marshal(thrown)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors = append(b.errors, string(text))
	if err != nil {
		b.errors = append(b.errors, err.Error())
	}
}

// object makes the visitor object to being sold or shared, on every page to
// come. Chromium itself does not know the signal.
func (b *tab) object() {
	b.t.Helper()
	b.before(`Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {value: true})`)
}

// before runs script in every page before the page's own.
func (b *tab) before(script string) {
	b.t.Helper()
	err := chromedp.Do(b.ctx, func(ctx context.Context, to *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, to, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatalf("add a script: %v", err)
	}
}

// visit goes to url and waits until the page and the SDK are there.
func (b *tab) visit(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("go to %s: %v", url, err)
	}
}

// eval gives what an expression comes to. A promise is waited for.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil && !errors.Is(err, chromedp.ErrJSNull) && !errors.Is(err, chromedp.ErrJSUndefined) {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return got
}

// follow presses what selector finds and waits for the page that it leads to.
func (b *tab) follow(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("follow %s: %v", selector, err)
	}
}

// where gives the address of the page.
func (b *tab) where() string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.t.Fatalf("ask for the address: %v", err)
	}
	return got
}

// cookie gives the page's cookie of a name, or none.
func (b *tab) cookie(name string) network.Cookie {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, func(ctx context.Context, to *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, to, network.GetCookies, network.GetCookiesParams{})
	})
	if err != nil {
		b.t.Fatalf("ask for cookies: %v", err)
	}
	for _, c := range got.Cookies {
		if c.Name == name {
			return *c
		}
	}
	return network.Cookie{}
}
