package macro

import "strings"

// meaning is what other systems' name stands for here. Where it may be either of
// two, the question says which is which.
type meaning struct {
	name     Name
	question string
}

// Names that mean one thing or another, depending on who writes them.
const (
	whoseClick  = "{aff_click_id} (the affiliate's) or {transaction_id} (ours)?"
	whoseNumber = "{order_id} (the advertiser's) or {conversion_id} (ours)?"
	whoseMoney  = "{payout} (what the affiliate earns) or {amount} (of the sale)?"
	whoseGuest  = "{aff_click_id} (the affiliate's click) or {customer_id} (the advertiser's customer)?"
)

// elsewhere tells what other systems, and parameters, mean by a plain word.
func elsewhere(word string) (meaning, bool) {
	for n := range NumNames {
		if plainWord(n.String()) == word {
			return meaning{name: n}, true
		}
	}
	if m, ok := others[word]; ok {
		return m, true
	}
	return numbered(word)
}

// numbered tells what a name with a number behind it means: a free value of the
// affiliate or of the advertiser. Some systems leave the number of the first out.
func numbered(word string) (meaning, bool) {
	ours, digits := freeValue(word)
	if ours == "" {
		return meaning{}, false
	}
	n, ok := ParseName(ours + digits)
	return meaning{name: n}, ok
}

// freeValue takes a word apart that is a free value's name elsewhere: ours, and
// its number. It gives nothing for other words.
func freeValue(word string) (ours, digits string) {
	stem := strings.TrimRight(word, "0123456789")
	if digits = strings.TrimLeft(word[len(stem):], "0"); digits != "" {
		return free[stem], digits
	}
	if len(stem) > len("aff") && (strings.HasPrefix(stem, "aff") || strings.HasPrefix(stem, "adv")) {
		return free[stem], "1"
	}
	return "", ""
}

//nolint:gochecknoglobals // tables that never change
var (
	// free are the names of free values, without their numbers.
	free = map[string]string{
		"affsub": "sub", "affsubid": "sub", "affparam": "sub", "affunique": "sub", "sub": "sub", "subid": "sub", "subaff": "sub",
		"subpublisher": "sub", "s": "sub", "t": "sub", "c": "sub", "p": "sub", "q": "sub", "v": "sub", "ext": "sub", "var": "sub",
		"cv": "sub", "customvar": "sub", "customvariable": "sub", "custom": "sub", "param": "sub", "data": "sub", "token": "sub", "utm": "sub",
		"advsub": "adv", "advparam": "adv", "advunique": "adv", "customfield": "adv", "adv": "adv",
	}
	others = meanings()
)

// meanings lists the names of trackers (Voluum, Binom, Keitaro, RedTrack,
// ClickFlare, BeMob, PeerClick, FunnelFlux), networks (TUNE, Everflow, Affise,
// CAKE, Impact, Trackier, Scaleo, Offer18), ad servers and ad platforms, without
// their separators. A name that is the same here is not listed, nor is one with a
// number behind it.
func meanings() map[string]meaning {
	all := make(map[string]meaning)
	for question, words := range map[string]string{
		whoseClick: "clickid cid tid clkid subid click clickref clickhash clickuuid reqid requestid irclickid cfclickid rtclickid " +
			"bmclickid vclickid visitid hit hitclickid vid uclick cnvid trackingid sessionid transid obclickid aclid externalclickid p1",
		whoseNumber: "txid txnid tx uniqueid conversionuniqueid transactionref",
		whoseMoney:  "sum price amt money cost",
		whoseGuest:  "externalid extid",
	} {
		for word := range strings.FieldsSeq(words) {
			all[word] = meaning{question: question}
		}
	}
	for n, words := range wordsFor() {
		for word := range strings.FieldsSeq(words) {
			all[word] = meaning{name: n}
		}
	}
	return all
}

// wordsFor lists what others call each of our macros.
func wordsFor() map[Name]string {
	return map[Name]string{
		OfferID:        "oid offer campaignid campid campaign programid productid bannerid",
		OfferName:      "campaignname programname offertitle",
		AffiliateID:    "affid aff pid aid affiliate partnerid partner publisherid publisher pubid mediapartnerid a",
		AdvertiserID:   "advid advertiser brandid merchantid",
		TransactionID:  "transaction tunetransactionid",
		AffClickID:     "affclick affiliateclickid publisherclickid partnerclickid sourceclickid",
		Source:         "sourceid src trafficsource site siteid placement placementid zone zoneid subsource refid sharedid utmsource",
		Amount:         "saleamount orderamount ordersum ordervalue ordertotal salevalue cartvalue basketvalue total value deltaamount",
		Currency:       "cur currencycode payoutcurrency ordercurrency cnvcurrency originalcurrency",
		Payout:         "payoutamount conversionpayout payouttoken commission commissionamount reward earnings deltapayout intendedpayout bid",
		Revenue:        "rev revenueamount conversionrevenue",
		Status:         "conversionstatus cnvstatus convstatus state originalstatus statusname",
		OrderID:        "order ordernumber invoice invoiceid",
		Items:          "lineitems products",
		ConversionID:   "conversion convid leadid actionid tuneeventid eventuuid",
		Goal:           "goalref goalcode goalvalue et ct type eventcode eventtype conversiontype cnvtype actiontrackerid",
		GoalID:         "eventid",
		GoalName:       "event eventname goalalias goaltitle eventtoken",
		CustomerID:     "userid customer customerprofileid",
		EmailSHA256:    "email emailhash emailsha hashedemail emaildigest em",
		GAID:           "googleaid googleadid advertisingid androidadid aaid gpsadid aifa",
		IDFA:           "ifa iosifa iosidfa appleifa",
		IDFV:           "iosifv iosidfv",
		Coupon:         "couponcode promo promocode voucher vouchercode",
		FBCLID:         "fbclickid facebookclickid",
		GCLID:          "gclickid googleclickid",
		TTCLID:         "ttclickid tiktokclickid",
		MSCLKID:        "msclickid bingclickid",
		DeepLink:       "deeplink lpurl landingurl landingpage targeturl redirecturl destinationurl",
		Test:           "istest testmode",
		Country:        "geo geocountry countrycode cc",
		Device:         "devicetype deviceclass",
		OS:             "osname deviceos operatingsystem",
		Browser:        "browsername",
		IP:             "ipaddress sessionip userip visitorip clientip clickip sourceip",
		UserAgent:      "ua uagent agent",
		Random:         "ran rand randint randomnumber cachebuster cachebust cb ord",
		Sig:            "signature sign",
		ClickTime:      "clickdate clicktimestamp clickts clickdatetime clickunix clickedat",
		ConversionTime: "conversiondate conversiontimestamp conversionts convtime eventtime eventdate actiondate utcunixtime sourcetime",
		Timestamp:      "ts time unixtime unixtimestamp datetime now epoch",
	}
}
