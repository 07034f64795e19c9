package money

import (
	"strings"

	"waybill/internal/fault"
)

// Currency is an ISO 4217 code in upper case, or empty where none was named.
type Currency string

// USD is what an offer is priced in when nobody says otherwise.
const USD Currency = "USD"

// The currencies of ISO 4217, by the number of their decimals. Metals, funds
// and test codes are left out: nobody is paid in them.
const (
	noDecimals    = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
	threeDecimals = " BHD IQD JOD KWD LYD OMR TND "
	twoDecimals   = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD" +
		" CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD" +
		" HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT" +
		" MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD" +
		" SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED" +
		" VES WST XCD XCG YER ZAR ZMW ZWG "
)

// ParseCurrency reads an ISO 4217 code in either case.
func ParseCurrency(text string) (Currency, error) {
	c := Currency(strings.ToUpper(text))
	if !c.known() {
		return "", fault.New(fault.Invalid, "%.20q is not a currency: write its ISO 4217 code, such as USD", text)
	}
	return c, nil
}

func (c Currency) known() bool {
	return c.in(twoDecimals) || c.in(noDecimals) || c.in(threeDecimals)
}

// Digits says how many decimals the currency itself has; 2 if it is empty or
// unknown.
func (c Currency) Digits() int {
	switch { // most have 2, whose list is long
	case c.in(noDecimals):
		return 0
	case c.in(threeDecimals):
		return 3
	default:
		return 2
	}
}

// in reports whether list, codes of three letters between single spaces, holds
// c.
func (c Currency) in(list string) bool {
	if len(c) != 3 {
		return false
	}
	for ; len(list) > 4; list = list[4:] {
		if list[1:4] == string(c) {
			return true
		}
	}
	return false
}

// sign gives the currency that a sign before or after an amount stands for.
// Signs that several currencies share ("$", "¥", "kr") are understood and name
// none.
func sign(s string) (c Currency, ok bool) {
	switch s {
	case "$", "¥", "kr", "kr.":
		return "", true
	case "€":
		return "EUR", true
	case "£":
		return "GBP", true
	case "US$":
		return "USD", true
	case "C$", "CA$":
		return "CAD", true
	case "A$", "AU$":
		return "AUD", true
	case "NZ$":
		return "NZD", true
	case "HK$":
		return "HKD", true
	case "S$":
		return "SGD", true
	case "NT$":
		return "TWD", true
	case "MX$":
		return "MXN", true
	case "R$":
		return "BRL", true
	default:
		return localSign(s)
	}
}

// sharing lists the currencies that share a sign.
func sharing(sign string) string {
	switch {
	case strings.HasPrefix(sign, "$"):
		return " ARS AUD BBD BMD BND BSD BZD CAD CLP COP CVE DOP FJD GYD HKD JMD KYD LRD MXN NAD NIO NZD SBD SGD SRD TTD TWD USD UYU XCD ZWG "
	case strings.HasPrefix(sign, "¥"):
		return " CNY JPY "
	default: // kr
		return " DKK ISK NOK SEK "
	}
}

func localSign(s string) (c Currency, ok bool) {
	switch s {
	case "₹":
		return "INR", true
	case "₽":
		return "RUB", true
	case "₺":
		return "TRY", true
	case "₴":
		return "UAH", true
	case "₩":
		return "KRW", true
	case "₪":
		return "ILS", true
	case "₫":
		return "VND", true
	case "₦":
		return "NGN", true
	case "₱":
		return "PHP", true
	case "₸":
		return "KZT", true
	case "฿":
		return "THB", true
	case "zł", "ZŁ":
		return "PLN", true
	case "Kč", "KČ":
		return "CZK", true
	default:
		return "", false
	}
}
