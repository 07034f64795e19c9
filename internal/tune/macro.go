package tune

import (
	"errors"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Place is where a template of TUNE's stood, which decides what its times mean.
type Place uint8

const (
	// InOfferURL is where visitors are sent.
	InOfferURL Place = iota + 1
	// InPostback is a partner's postback, where {date} is the conversion's.
	InPostback
)

// Translate writes a template that was made for TUNE in Waybill's macros. notes
// tell, for people, where a value will not be quite what it was.
//
// The error names every macro of TUNE's that has no counterpart here. One that
// neither system knows is left as it is: whoever parses the template refuses it
// with a suggestion.
func Translate(text string, in Place) (translated string, notes []string, err error) {
	t := translator{in: in}
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := strings.IndexAny(text[open+1:], "{}")
		if end < 0 {
			break
		}
		end += open + 1
		t.out.WriteString(text[:open])
		if text[end] == '{' { // the first one closes nothing
			t.out.WriteString(text[open:end])
			text = text[end:]
			continue
		}
		t.macro(text[open+1 : end])
		text = text[end+1:]
	}
	t.out.WriteString(text)
	return t.out.String(), t.notes, errors.Join(t.errs...)
}

type translator struct {
	in    Place
	out   strings.Builder
	notes []string
	errs  []error
}

// macro writes what stands for one macro of TUNE's.
func (t *translator) macro(written string) {
	name := strings.ToLower(written)
	if advice, ok := gone[name]; ok {
		t.errs = append(t.errs, fault.New(fault.Invalid, "TUNE's {%s} has no counterpart here: %s", name, advice))
		return
	}
	to, ok := everywhere[name]
	if there, also := t.times()[name]; also {
		to, ok = there, true
	}
	if !ok {
		t.out.WriteString("{" + written + "}")
		return
	}
	t.out.WriteString("{" + to + "}")
	switch note := notes[name]; {
	case note == "":
	case to == name:
		t.note("{" + name + "}: " + note)
	default:
		t.note("{" + name + "} became {" + to + "}: " + note)
	}
}

func (t *translator) times() map[string]string {
	if t.in == InPostback {
		return postbackTimes
	}
	return clickTimes
}

func (t *translator) note(text string) {
	if !contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

// What TUNE's macros are called here. Those that are the same in both are listed
// where something is to be said of them.
//
//nolint:gochecknoglobals // tables that never change
var (
	everywhere = table(map[string]string{
		"aff_sub": "sub1", "aff_click_id": "aff_click_id", "affiliate_click_id": "aff_click_id",
		"adv_sub": "adv1", "sale_amount": "amount", "ran": "random",
		"country_code": "country", "device_os": "os", "session_ip": "ip", "ip": "ip",
		"google_aid": "gaid", "ios_ifa": "idfa", "ios_ifv": "idfv",
		"goal_ref": "goal", "conversion_unique_id": "order_id", "promo_code": "coupon", "user_id": "customer_id",
		"tune_event_id": "conversion_id", "offer_url_id": "sub9", "offer_file_id": "sub10", "file_id": "sub10",
		"offer_id": "offer_id", "affiliate_id": "affiliate_id", "advertiser_id": "advertiser_id", "goal_id": "goal_id",
	})
	clickTimes = map[string]string{
		"date": "date", "time": "click_time|15:04:05", "datetime": "click_time|2006-01-02 15:04:05",
	}
	postbackTimes = map[string]string{
		"date": "conversion_time|2006-01-02", "time": "conversion_time|15:04:05",
		"datetime": "conversion_time|2006-01-02 15:04:05",
	}

	// notes says what is different about a value.
	notes = map[string]string{
		"ran":  "a random text of letters and digits, not a number",
		"date": inUTC, "time": inUTC, "datetime": inUTC,
		"ip":       "the address of the visitor's click, also in a postback",
		"offer_id": ownNumber, "affiliate_id": ownNumber, "advertiser_id": ownNumber, "goal_id": ownNumber,
		"offer_url_id":  "the url_id of the link, as long as it carries no aff_unique4",
		"offer_file_id": file, "file_id": file,
		"device_os":    "the name of the system, without its version",
		"country_code": "two letters, empty where it is not known",
	}

	// gone are those that have no counterpart, with what to do instead.
	gone = map[string]string{
		"offer_ref": byHand, "affiliate_ref": byHand, "advertiser_ref": byHand, "affiliate_name": byHand, "advertiser_name": byHand,
		"file_name": "write {sub10} for the file_id of the link, or take it out",
		"params":    "write a macro for each parameter that partners send: {sub1} to {sub10}, {source}, {aff_click_id}",
		"region":    notKept, "region_code": notKept, "city": notKept, "mobile_carrier": notKept,
		"device_brand": userAgent, "device_model": userAgent, "device_os_version": userAgent,
		"device_id": deviceID, "windows_aid": deviceID, "windows_aid_sha1": deviceID, "unid": deviceID,
		"google_aid_md5": deviceID, "google_aid_sha1": deviceID, "ios_ifa_md5": deviceID, "ios_ifa_sha1": deviceID,
	}
)

const (
	inUTC     = "UTC, while TUNE wrote the time zone of the network"
	ownNumber = "Waybill's number; where the far end knows TUNE's, write that number itself"
	file      = "the file_id of the link, as long as it carries no aff_unique5"
	byHand    = "write the text itself, which is the same in every request, or take it out"
	notKept   = "it is not kept; take it out, or write {country}"
	userAgent = "it is read from the user agent; take it out, or write {os} or {user_agent}"
	deviceID  = "write {gaid}, {idfa} or {idfv}, with |sha256 where a hash is wanted, or take it out"
)

// table adds what is numbered.
func table(names map[string]string) map[string]string {
	for i := 1; i <= 5; i++ {
		n, six := strconv.Itoa(i), strconv.Itoa(i+5)
		names["aff_unique"+n], names["adv_unique"+n] = "sub"+six, "adv"+six
		if i > 1 {
			names["aff_sub"+n], names["adv_sub"+n] = "sub"+n, "adv"+n
		}
	}
	return names
}
