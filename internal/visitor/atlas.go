package visitor

import (
	_ "embed" // the country data is part of the program
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Credit names the source of the embedded country data. Its licence, CC BY
// 4.0, asks that pages which show a visitor's country show this text, linked
// to CreditURL.
const (
	Credit    = "IP Geolocation by DB-IP" //nolint:gosec // a credit, no credential
	CreditURL = "https://db-ip.com"       //nolint:gosec // as above
)

//go:embed dbip-country.mmdb
var countryData []byte

// maxProbe is how many networks are searched for the first country.
const maxProbe = 10_000

// memoSize is how many records' countries are remembered. There are about 250.
const memoSize = 1024

// Atlas finds the country of an address. It is safe for concurrent use, and a
// look-up allocates nothing once the country was met before.
type Atlas struct {
	data  *maxminddb.Reader
	codes string                  // "AAABAC…ZZ": each code lies at twice its number
	memo  [memoSize]atomic.Uint64 // a record's place + 1, shifted left by 16; its code
}

// World opens the country data that is part of the program.
func World() (*Atlas, error) { return OpenAtlas(countryData) }

// OpenAtlas opens country data in the MMDB format as DB-IP, MaxMind or IPinfo
// lay it out. The atlas keeps data, which must not change any more.
func OpenAtlas(data []byte) (*Atlas, error) {
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("open country data: %w", err)
	}
	var codes strings.Builder
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			codes.WriteRune(first)
			codes.WriteRune(second)
		}
	}
	a := &Atlas{data: reader, codes: codes.String()}
	if !a.namesCountries() {
		return nil, errors.New("open country data: it names no countries")
	}
	return a, nil
}

// Built is when the data was put together by its maker.
func (a *Atlas) Built() time.Time { return a.data.Metadata.BuildTime().UTC() }

// Country gives the ISO 3166-1 alpha-2 code of the country that addr is in, or
// nothing if that is not known. A nil atlas knows no country.
func (a *Atlas) Country(addr netip.Addr) string {
	if a == nil || !addr.IsValid() {
		return ""
	}
	found := a.data.Lookup(addr.Unmap())
	if !found.Found() {
		return ""
	}
	place := uint64(found.Offset()) + 1
	slot := &a.memo[place%memoSize]
	known := slot.Load()
	if known>>16 != place {
		known = place<<16 | uint64(codeNumber(country(found)))
		slot.Store(known)
	}
	return a.code(uint16(known & 0xffff))
}

// namesCountries reports whether any of the first networks has a country.
func (a *Atlas) namesCountries() bool {
	tried := 0
	for network := range a.data.Networks() {
		if country(network) != "" {
			return true
		}
		if tried++; tried == maxProbe {
			return false
		}
	}
	return false
}

// country reads the country of a record, wherever its maker put it.
func country(record maxminddb.Result) string {
	var code string
	for _, path := range [][]any{{"country_code"}, {"country", "iso_code"}, {"country"}} {
		if err := record.DecodePath(&code, path...); err == nil && code != "" {
			return code
		}
	}
	return ""
}

// codeNumber numbers the codes from 1. What is no code, or stands for no
// country, is 0.
func codeNumber(code string) uint16 {
	code = strings.ToUpper(code)
	if len(code) != 2 || code == "ZZ" || code == "XX" {
		return 0
	}
	first, second := code[0]-'A', code[1]-'A'
	if first > 25 || second > 25 {
		return 0
	}
	return uint16(first)*26 + uint16(second) + 1
}

// code is the code that has a number.
func (a *Atlas) code(number uint16) string {
	if number == 0 {
		return ""
	}
	at := int(number-1) * 2
	return a.codes[at : at+2]
}
