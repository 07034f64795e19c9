package visitor

import (
	"strings"

	"github.com/mileusna/useragent"
)

// word says what an agent is that has the mark in it.
type word struct{ mark, means string }

// read tells what ua claims to be. It does not know the crawlers by name.
func read(ua string) Visitor {
	parsed := useragent.Parse(ua)
	v := Visitor{
		Device:  device(ua, &parsed),
		Browser: browser(ua, &parsed),
		Bot:     parsed.Bot,
	}
	v.OS, v.OSVersion = system(ua, &parsed)
	return v
}

// device tells the kind of machine. Televisions come first: they call
// themselves phones, computers or both.
func device(ua string, parsed *useragent.UserAgent) Device {
	switch {
	case isTV(ua):
		return TV
	case isConsole(ua):
		return Console
	case parsed.Tablet, isTablet(ua, parsed):
		return Tablet
	case parsed.Mobile, strings.Contains(ua, "KAIOS"):
		return Mobile
	case parsed.Desktop:
		return Desktop
	}
	return Other
}

func isTV(ua string) bool {
	return containsAny(ua, "SMART-TV", "SmartTV", "Smart TV", "Smart-TV", "SmartHub",
		"GoogleTV", "Google TV", "Android TV", "AndroidTV", "AppleTV", "Apple TV",
		"tvOS", "HbbTV", "BRAVIA", "NetCast", "Web0S", "webOS.TV", "CrKey", "Roku",
		"Viera", "NETTV", "PhilipsTV", "VIDAA", "Hisense", "AQUOS", "DTV", "; AFT",
		"MiTV", "MIBOX", "SHIELD Android", "Tizen TV") ||
		strings.Contains(ua, "Tizen") && strings.Contains(ua, "TV")
}

func isConsole(ua string) bool {
	return containsAny(ua, "PlayStation", "PLAYSTATION", "Nintendo", "Xbox")
}

// isTablet knows the tablets that do not say so: Chrome leaves "Mobile" out of
// a tablet's agent, and Amazon's tablets give a model.
func isTablet(ua string, parsed *useragent.UserAgent) bool {
	if containsAny(ua, "Kindle", "; KF", "PlayBook", "Tablet PC") {
		return true
	}
	return parsed.IsAndroid() && strings.Contains(ua, "Safari/") &&
		!strings.Contains(ua, "Mobile")
}

// system gives the operating system and its version.
func system(ua string, parsed *useragent.UserAgent) (name, version string) {
	marks := [...]word{
		{"Tizen", "Tizen"},
		{"Web0S", "webOS"},
		{"webOS", "webOS"},
		{"hpwOS", "webOS"},
		{"AppleTV", "tvOS"},
		{"Apple TV", "tvOS"},
		{"tvOS", "tvOS"},
		{"Roku", "Roku OS"},
		{"VIDAA", "VIDAA"},
		{"KAIOS", "KaiOS"},
		{"HarmonyOS", "HarmonyOS"},
		{"OpenHarmony", "HarmonyOS"},
		{"PlayStation", "PlayStation"},
		{"PLAYSTATION", "PlayStation"},
		{"Nintendo", "Nintendo"},
		{"Windows Phone", "Windows Phone"},
	}
	for _, w := range marks {
		if strings.Contains(ua, w.mark) {
			return w.means, ""
		}
	}
	switch parsed.OS {
	case useragent.Windows, useragent.Android, useragent.MacOS, useragent.IOS,
		useragent.Linux, useragent.FreeBSD, useragent.ChromeOS, useragent.BlackBerry:
		return parsed.OS, number(parsed.OSVersion)
	case useragent.WindowsPhone:
		return "Windows Phone", number(parsed.OSVersion)
	}
	if strings.Contains(ua, "OpenBSD") {
		return "OpenBSD", ""
	}
	if containsAny(ua, "X11", "Linux") {
		return useragent.Linux, ""
	}
	return "", ""
}

// number gives v if it is a plain version, with dots for underscores.
func number(v string) string {
	const longest = 16
	v = strings.ReplaceAll(v, "_", ".")
	if len(v) > longest || strings.Trim(v, "0123456789.") != "" {
		return ""
	}
	return v
}

// browser gives the browser, or the app whose window it is. An app's agent
// also names the engine, so apps come first, then the browsers built on
// another's engine, and last the engines.
func browser(ua string, parsed *useragent.UserAgent) string {
	for _, w := range apps() {
		if strings.Contains(ua, w.mark) {
			return w.means
		}
	}
	for _, w := range browsers() {
		if strings.Contains(ua, w.mark) {
			return w.means
		}
	}
	switch parsed.Name {
	case useragent.Safari:
		return "Safari"
	case "Android browser":
		return "Android Browser"
	}
	return ""
}

// apps lists the marks of apps that show pages in a window of their own.
func apps() [23]word {
	return [...]word{
		{"Instagram", "Instagram"},
		{"FBAN/Messenger", "Messenger"},
		{"FB_IAB/Orca", "Messenger"},
		{"FBAN/", "Facebook"},
		{"FBAV/", "Facebook"},
		{"FB_IAB/", "Facebook"},
		{"MetaIAB Facebook", "Facebook"},
		{"musical_ly", "TikTok"},
		{"BytedanceWebview", "TikTok"},
		{"trill_", "TikTok"},
		{"TikTok", "TikTok"},
		{"Snapchat", "Snapchat"},
		{"Pinterest/", "Pinterest"},
		{"LinkedInApp", "LinkedIn"},
		{"Twitter for", "X"},
		{"TwitterAndroid", "X"},
		{"Reddit/", "Reddit"},
		{"MicroMessenger", "WeChat"},
		{"KAKAOTALK", "KakaoTalk"},
		{" Line/", "LINE"},
		{"Viber/", "Viber"},
		{"Telegram-Android", "Telegram"},
		{"GSA/", "Google"},
	}
}

// browsers lists the marks of browsers, the more particular before the others.
func browsers() [39]word {
	return [...]word{
		{"DuckDuckGo/", "DuckDuckGo"},
		{" Ddg/", "DuckDuckGo"},
		{"YaBrowser", "Yandex Browser"},
		{"YaApp", "Yandex Browser"},
		{"UCBrowser", "UC Browser"},
		{"MQQBrowser", "QQ Browser"},
		{"QQBrowser", "QQ Browser"},
		{"coc_coc_browser", "Coc Coc"},
		{"Whale/", "Whale"},
		{"MiuiBrowser", "Mi Browser"},
		{"HuaweiBrowser", "Huawei Browser"},
		{"HeyTapBrowser", "HeyTap Browser"},
		{"VivoBrowser", "Vivo Browser"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Tizen", "Samsung Internet"},
		{"Silk/", "Silk"},
		{"OPR/", "Opera"},
		{"OPT/", "Opera"},
		{"OPiOS/", "Opera"},
		{"OPX/", "Opera"},
		{"Opera Mini", "Opera Mini"},
		{"Opera", "Opera"},
		{"Vivaldi", "Vivaldi"},
		{"Brave", "Brave"},
		{"Focus/", "Firefox"},
		{"Klar/", "Firefox"},
		{"FxiOS", "Firefox"},
		{"EdgiOS", "Edge"},
		{"EdgA/", "Edge"},
		{"Edg/", "Edge"},
		{"Edge/", "Edge"},
		{"CriOS", "Chrome"},
		{"Trident/", "Internet Explorer"},
		{"MSIE ", "Internet Explorer"},
		{"; wv)", "Android WebView"},
		{"HeadlessChrome", "Chrome"},
		{"Firefox/", "Firefox"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
	}
}

func containsAny(s string, marks ...string) bool {
	for _, m := range marks {
		if strings.Contains(s, m) {
			return true
		}
	}
	return false
}
