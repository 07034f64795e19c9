package offer

import (
	"errors"
	"fmt"
	"strings"

	"waybill/internal/fault"
	"waybill/internal/visitor"
)

// Targeting says which visitors an offer takes. An empty list takes all; a
// visitor of whom nothing is known is taken unless a list says who.
type Targeting struct {
	Countries       []string `json:"countries,omitempty" doc:"ISO 3166-1 alpha-2 codes that are taken."`
	ExceptCountries []string `json:"except_countries,omitempty" doc:"Codes that are not taken."`
	Devices         []string `json:"devices,omitempty" doc:"desktop, mobile, tablet, tv, console, other."`
	OS              []string `json:"os,omitempty" doc:"Names as reports show them, such as Android or iOS; case does not matter."`
	Browsers        []string `json:"browsers,omitempty" doc:"Names as reports show them, such as Chrome; case does not matter."`
	BlockBots       bool     `json:"block_bots,omitempty" doc:"Known bots go to the fallback."`
}

// Takes says whether the visitor is one whom the offer takes, or the first
// reason why not.
func (t *Targeting) Takes(v visitor.Visitor) Refusal {
	switch {
	case !listed(t.Countries, v.Country), v.Country != "" && contains(t.ExceptCountries, v.Country):
		return CountryNotTaken
	case !listed(t.Devices, string(v.Device)):
		return DeviceNotTaken
	case !listed(t.OS, v.OS):
		return OSNotTaken
	case !listed(t.Browsers, v.Browser):
		return BrowserNotTaken
	case t.BlockBots && v.Bot:
		return BotNotTaken
	default:
		return Taken
	}
}

// listed reports whether the list lets word through; an empty one lets all.
func listed(list []string, word string) bool {
	return len(list) == 0 || contains(list, word)
}

func contains(list []string, word string) bool {
	for _, one := range list {
		if strings.EqualFold(one, word) {
			return true
		}
	}
	return false
}

const (
	maxList = 300 // entries of one list: more than there are countries
	maxWord = 64
)

// Validate reports every entry that is wrong.
func (t *Targeting) Validate() error {
	return errors.Join(
		each("countries", t.Countries, validCountry),
		each("except_countries", t.ExceptCountries, validCountry),
		each("devices", t.Devices, validDevice),
		each("os", t.OS, validWord),
		each("browsers", t.Browsers, validWord),
		t.validateOverlap(),
	)
}

// validateOverlap finds what is both taken and not.
func (t *Targeting) validateOverlap() error {
	for i, c := range t.ExceptCountries {
		if contains(t.Countries, c) {
			return fault.At(fmt.Sprintf("except_countries[%d]", i), "%s is among the countries too", c)
		}
	}
	return nil
}

func validDevice(field, s string) error {
	return oneOf(field, visitor.Device(s), visitor.Desktop, visitor.Mobile, visitor.Tablet, visitor.TV, visitor.Console, visitor.Other)
}

func validWord(field, s string) error {
	if strings.TrimSpace(s) != s || s == "" || len(s) > maxWord {
		return fault.At(field, "must be a name of 1 to %d letters without space around it", maxWord)
	}
	return nil
}

// The codes of ISO 3166-1 alpha-2, and XK, by which Kosovo goes.
const countries = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT" +
	" BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET" +
	" FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN" +
	" IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF" +
	" MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH" +
	" PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ" +
	" TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "

func validCountry(field, code string) error {
	upper := strings.ToUpper(code)
	switch {
	case upper == "UK":
		return fault.At(field, "UK is not an ISO 3166-1 code; the United Kingdom is GB")
	case len(code) != 2 || !strings.Contains(countries, " "+upper+" "):
		return fault.At(field, "%.40q is not an ISO 3166-1 code of two letters, such as DE", code)
	default:
		return nil
	}
}
