package visitor_test

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/visitor"
)

const (
	chromeWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	webKit        = " AppleWebKit/537.36 (KHTML, like Gecko) "
	iPhone        = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
)

func TestLookReadsAgents(t *testing.T) {
	t.Parallel()
	guide := visitor.NewGuide(nil)
	for _, tt := range agents() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, again := range []bool{false, true} {
				if got := guide.Look(netip.Addr{}, tt.ua); got != tt.want {
					t.Errorf("Look(%q), again %t\n got %+v\nwant %+v", tt.ua, again, got, tt.want)
				}
			}
		})
	}
}

type agentTest struct {
	name, ua string
	want     visitor.Visitor
}

func is(d visitor.Device, os, version, browser string) visitor.Visitor {
	return visitor.Visitor{Device: d, OS: os, OSVersion: version, Browser: browser}
}

func bot(d visitor.Device, os, version, browser string) visitor.Visitor {
	v := is(d, os, version, browser)
	v.Bot = true
	return v
}

func agents() []agentTest {
	all := people()
	all = append(all, apps()...)
	all = append(all, livingRoom()...)
	return append(all, bots()...)
}

func people() []agentTest {
	return []agentTest{
		{"Chrome on Windows", chromeWindows, is(visitor.Desktop, "Windows", "10.0", "Chrome")},
		{"Edge on Windows", chromeWindows + " Edg/142.0.0.0", is(visitor.Desktop, "Windows", "10.0", "Edge")},
		{"Opera on Windows", chromeWindows + " OPR/123.0.0.0", is(visitor.Desktop, "Windows", "10.0", "Opera")},
		{"Yandex Browser on Windows", strings.Replace(chromeWindows, " Safari", " YaBrowser/25.2.0.0 Safari", 1), is(visitor.Desktop, "Windows", "10.0", "Yandex Browser")},
		{"Coc Coc on Windows", strings.Replace(chromeWindows, " Chrome", " coc_coc_browser/150.0.0 Chrome", 1), is(visitor.Desktop, "Windows", "10.0", "Coc Coc")},
		{"Internet Explorer 11", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", is(visitor.Desktop, "Windows", "6.1", "Internet Explorer")},
		{"Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", is(visitor.Desktop, "Linux", "", "Firefox")},
		{"Chrome on ChromeOS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webKit + "Chrome/142.0.0.0 Safari/537.36", is(visitor.Desktop, "ChromeOS", "", "Chrome")},
		{"Safari on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", is(visitor.Desktop, "macOS", "10.15.7", "Safari")},
		{"Safari on an iPhone", iPhone + "Version/18.5 Mobile/15E148 Safari/604.1", is(visitor.Mobile, "iOS", "18.5", "Safari")},
		{"Chrome on an iPhone", iPhone + "CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1", is(visitor.Mobile, "iOS", "18.5", "Chrome")},
		{"Firefox on an iPhone", iPhone + "FxiOS/145.0 Mobile/15E148 Safari/605.1.15", is(visitor.Mobile, "iOS", "18.5", "Firefox")},
		{"Safari on an old iPad", "Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1", is(visitor.Tablet, "iOS", "12.5.7", "Safari")},
		{"Chrome on Android, reduced", "Mozilla/5.0 (Linux; Android 10; K)" + webKit + "Chrome/142.0.0.0 Mobile Safari/537.36", is(visitor.Mobile, "Android", "10", "Chrome")},
		{"Chrome on an Android tablet", "Mozilla/5.0 (Linux; Android 10; K)" + webKit + "Chrome/142.0.0.0 Safari/537.36", is(visitor.Tablet, "Android", "10", "Chrome")},
		{"Samsung Internet", "Mozilla/5.0 (Linux; Android 10; K)" + webKit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", is(visitor.Mobile, "Android", "10", "Samsung Internet")},
		{"Firefox on Android", "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", is(visitor.Mobile, "Android", "15", "Firefox")},
		{"Silk on a Fire tablet", "Mozilla/5.0 (Linux; Android 11; KFTRWI)" + webKit + "Silk/130.4.1 like Chrome/130.0.6723.102 Safari/537.36", is(visitor.Tablet, "Android", "11", "Silk")},
		{"a phone whose maker is called Cubot", "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50)" + webKit + "Chrome/142.0.0.0 Mobile Safari/537.36", is(visitor.Mobile, "Android", "13", "Chrome")},
		{"Opera Mini", "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16", is(visitor.Mobile, "Android", "", "Opera Mini")},
		{"Sogou's browser, not its spider", "Mozilla/5.0 (Linux; Android 10; K)" + webKit + "Version/4.0 Chrome/83.0.4103.106 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/6.9.9", is(visitor.Mobile, "Android", "10", "Chrome")},
		{"a KaiOS phone", "Mozilla/5.0 (Mobile; Nokia_2720_Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2", is(visitor.Mobile, "KaiOS", "", "Firefox")},
	}
}

func apps() []agentTest {
	return []agentTest{
		{"Instagram on an iPhone", iPhone + "Mobile/22F76 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; en_US; en; scale=3.00; 1179x2556; 755444848)", is(visitor.Mobile, "iOS", "18.5", "Instagram")},
		{"Facebook on an iPhone", iPhone + "Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0.38.101;FBBV/756351453;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]", is(visitor.Mobile, "iOS", "18.5", "Facebook")},
		{"Facebook on Android", "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv)" + webKit + "Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/520.0.0.44.99;]", is(visitor.Mobile, "Android", "14", "Facebook")},
		{"Facebook's own browser on Android", "Mozilla/5.0 (Linux; Android 16; Pixel 10 Pro XL; wv)" + webKit + "Version/4.0 Chrome/146.0.7680.174 Mobile Safari/537.36 MetaIAB Facebook", is(visitor.Mobile, "Android", "16", "Facebook")},
		{"TikTok on Android", "Mozilla/5.0 (Linux; Android 14; SM-A546B; wv)" + webKit + "Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36 trill_380405 BytedanceWebview/d8a21c6", is(visitor.Mobile, "Android", "14", "TikTok")},
		{"Snapchat on an iPhone", iPhone + "Mobile/15E148 Snapchat/13.40.0.41 (like Safari/8621.2.5.10.7, panda)", is(visitor.Mobile, "iOS", "18.5", "Snapchat")},
		{"WeChat on Android", "Mozilla/5.0 (Linux; Android 13; M2012K11AC; wv)" + webKit + "Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI Language/en", is(visitor.Mobile, "Android", "13", "WeChat")},
		{"the Google app on an iPhone", iPhone + "GSA/372.0.765651474 Mobile/15E148 Safari/604.1", is(visitor.Mobile, "iOS", "18.5", "Google")},
		{"an unknown app's window on Android", "Mozilla/5.0 (Linux; Android 12; Pixel 6; wv)" + webKit + "Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36", is(visitor.Mobile, "Android", "12", "Android WebView")},
	}
}

func livingRoom() []agentTest {
	return []agentTest{
		{"a Samsung television", "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5)" + webKit + "Version/6.5 TV Safari/537.36", is(visitor.TV, "Tizen", "", "Samsung Internet")},
		{"an LG television", "Mozilla/5.0 (Web0S; Linux/SmartTV)" + webKit + "Chrome/108.0.5359.211 Safari/537.36 WebAppManager", is(visitor.TV, "webOS", "", "Chrome")},
		{"a Fire TV", "Mozilla/5.0 (Linux; Android 9; AFTSSS Build/PS7624; wv)" + webKit + "Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36", is(visitor.TV, "Android", "9", "Android WebView")},
		{"a Sony television", "Mozilla/5.0 (Linux; Android 10; BRAVIA 4K UR2)" + webKit + "Chrome/142.0.0.0 Safari/537.36", is(visitor.TV, "Android", "10", "Chrome")},
		{"a PlayStation 5", "Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", is(visitor.Console, "PlayStation", "", "Safari")},
		{"an Xbox", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X)" + webKit + "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", is(visitor.Console, "Windows", "10.0", "Edge")},
		{"a Nintendo Switch", "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.2.21.3 NintendoBrowser/5.1.0.22474", is(visitor.Console, "Nintendo", "", "")},
	}
}

func bots() []agentTest {
	return []agentTest{
		{"no agent is a bot", "", bot(visitor.Robot, "", "", "")},
		{"Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", bot(visitor.Robot, "", "", "")},
		{"Googlebot as a phone stays a phone", "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P)" + webKit + "Chrome/142.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", bot(visitor.Mobile, "Android", "6.0.1", "Chrome")},
		{"Bingbot", "Mozilla/5.0" + webKit + "compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36", bot(visitor.Robot, "", "", "Chrome")},
		{"Google's ads bot with a number", "AdsBot-Google (+http://www.google.com/adsbot.html)", bot(visitor.Robot, "", "", "")},
		{"a link preview of Facebook", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", bot(visitor.Robot, "", "", "")},
		{"a link preview of WhatsApp", "WhatsApp/2.23.20.0", bot(visitor.Robot, "", "", "")},
		{"a link preview of Viber", "Viber", bot(visitor.Robot, "", "", "")},
		{"headless Chrome", "Mozilla/5.0 (X11; Linux x86_64)" + webKit + "HeadlessChrome/142.0.0.0 Safari/537.36", bot(visitor.Desktop, "Linux", "", "Chrome")},
		{"curl", "curl/8.11.1", bot(visitor.Robot, "", "", "")},
		{"Go's client", "Go-http-client/2.0", bot(visitor.Robot, "", "", "")},
		{"Python's requests", "python-requests/2.32.3", bot(visitor.Robot, "", "", "")},
		{"GPTBot", "Mozilla/5.0" + webKit + "compatible; GPTBot/1.2; +https://openai.com/gptbot)", bot(visitor.Robot, "", "", "")},
		{"Sogou's spider", "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", bot(visitor.Robot, "", "", "")},
		{"a pair of words in order", "Mozilla/5.0 (ContextualBot) see outcomes.net", bot(visitor.Robot, "", "", "")},
		{"a name that only ends an agent", "Mozilla/5.0 SSL Labs", bot(visitor.Robot, "", "", "")},
	}
}

// TestLookKeepsToItsWords holds what no list knows to the empty word, so that
// a sender cannot write rows into reports.
func TestLookKeepsToItsWords(t *testing.T) {
	t.Parallel()
	got := visitor.NewGuide(nil).Look(netip.Addr{}, "MyOwnThing/7 (Some System 9)")
	if want := (visitor.Visitor{Device: visitor.Other}); got != want {
		t.Errorf("Look() = %+v, want %+v", got, want)
	}
}

func TestLookCutsLongAgents(t *testing.T) {
	t.Parallel()
	guide := visitor.NewGuide(nil)
	long := chromeWindows + strings.Repeat(" é", 600)
	if got, want := guide.Look(netip.Addr{}, long+" Googlebot/2.1"), guide.Look(netip.Addr{}, chromeWindows); got != want {
		t.Errorf("Look() of what lies beyond the cut = %+v, want %+v", got, want)
	}
	within := chromeWindows + strings.Repeat(" ", 1024-len(chromeWindows)-len("Googlebot/")) + "Googlebot/" + strings.Repeat("x", 100)
	if got := guide.Look(netip.Addr{}, within); !got.Bot {
		t.Errorf("Look() of what ends at the cut = %+v, want a bot", got)
	}
}

func FuzzLook(f *testing.F) {
	for _, tt := range agents() {
		f.Add(tt.ua)
	}
	guide := visitor.NewGuide(nil)
	f.Fuzz(func(t *testing.T, ua string) {
		first := guide.Look(netip.Addr{}, ua)
		if again := guide.Look(netip.Addr{}, ua); again != first {
			t.Errorf("Look(%q) = %+v at first, then %+v", ua, first, again)
		}
		if fresh := visitor.NewGuide(nil).Look(netip.Addr{}, ua); fresh != first {
			t.Errorf("Look(%q) = %+v, by another guide %+v", ua, first, fresh)
		}
		if first.Device == "" || len(first.OSVersion) > 16 || len(first.Browser) > 32 || !utf8.ValidString(first.OS+first.OSVersion+first.Browser) {
			t.Errorf("Look(%q) = %+v: a word of its own", ua, first)
		}
	})
}
