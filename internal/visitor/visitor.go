// Package visitor says who came: from which country, on what device, with
// which system and browser, and whether it was a program.
//
// The words it uses are closed lists, so a report never has a row that a
// sender invented: what is on no list is empty. Bot is a mark, never a block:
// the visitor is sent on and the click is kept, and what a bot's click is
// worth is decided elsewhere. Device is what the agent claims to be, of a bot
// too: a crawler that calls itself a phone is a phone with a mark.
//
// A Guide keeps what it has read about an agent in a bounded cache, and the
// country data is part of the program, so a look costs no I/O.
package visitor

import (
	"net/netip"
	"unicode/utf8"
)

// Device is the kind of machine in front of the visitor.
type Device string

// The kinds of device. The zero value means that nobody looked.
const (
	Desktop Device = "desktop"
	Mobile  Device = "mobile"
	Tablet  Device = "tablet"
	TV      Device = "tv"
	Console Device = "console"
	Robot   Device = "bot"   // a bot that claims to be no device
	Other   Device = "other" // the agent does not say
)

// Visitor is what an address and a user agent tell. It is small, and stored
// with each click.
type Visitor struct {
	Country   string // ISO 3166-1 alpha-2, or empty
	Device    Device
	OS        string // "Windows", "iOS", …, or empty
	OSVersion string // digits and dots, or empty
	Browser   string // "Chrome", "Instagram", …, or empty
	Bot       bool
}

// maxAgent is how much of a user agent is looked at, in bytes.
const maxAgent = 1024

// Guide tells visitors apart. It is safe for concurrent use.
type Guide struct {
	atlas    *Atlas
	crawlers *crawlers
	seen     *cache
}

// NewGuide makes a guide that finds countries in atlas. Without an atlas no
// visitor has a country.
func NewGuide(atlas *Atlas) *Guide {
	return &Guide{atlas: atlas, crawlers: newCrawlers(), seen: newCache()}
}

// Look tells who came from addr with the user agent ua. It keeps no part of
// ua, which the caller may use again.
func (g *Guide) Look(addr netip.Addr, ua string) Visitor {
	v := g.agent(cut(ua))
	v.Country = g.atlas.Country(addr)
	return v
}

// agent reads ua, or remembers having read it.
func (g *Guide) agent(ua string) Visitor {
	if ua == "" {
		return Visitor{Device: Robot, Bot: true} // people's browsers have a name
	}
	hash := g.seen.hash(ua)
	if v, ok := g.seen.get(hash, ua); ok {
		return v
	}
	v := read(ua)
	if g.crawlers.match(ua) {
		v.Bot = true
	}
	if v.Bot && v.Device == Other {
		v.Device = Robot
	}
	g.seen.put(hash, ua, v)
	return v
}

// cut shortens ua to what is looked at, at the boundary of a character.
func cut(ua string) string {
	if len(ua) <= maxAgent {
		return ua
	}
	end := maxAgent
	for end > maxAgent-utf8.UTFMax && !utf8.RuneStart(ua[end]) {
		end--
	}
	return ua[:end]
}
