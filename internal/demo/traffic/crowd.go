package traffic

import (
	_ "embed" // the user agents
	"net/netip"
	"strings"

	"waybill/internal/visitor"
)

//go:embed agents.txt
var agentList string

// Agents gives user agents as they are met in the wild, each family's commonest
// first.
func Agents() []string { return strings.Split(strings.TrimSpace(agentList), "\n") }

// agent is a user agent and what it tells.
type agent struct {
	text string
	visitor.Visitor
}

// crowd is who there is to come.
type crowd struct {
	agents  []agent
	people  [3]*alias // of agents, by taste
	robots  *alias
	lands   []string
	land    *alias
	reasons []string
	reason  *alias
}

// The tastes: what an affiliate's visitors come with.
const (
	anyDevice = iota
	phonesAlone
	desktopsAlone
)

func newCrowd() *crowd {
	c := &crowd{lands: lands(), reasons: []string{"cap_reached", "country_not_targeted", "offer_paused", "device_not_targeted"}}
	c.land = newAlias(zipf(len(c.lands), 1.2, 2))
	c.reason = newAlias([]float64{50, 25, 15, 10})
	guide := visitor.NewGuide(nil)
	for _, text := range Agents() {
		c.agents = append(c.agents, agent{text, guide.Look(netip.Addr{}, text)})
	}
	var weights [3][]float64
	robots := make([]float64, len(c.agents))
	met := map[string]float64{}
	for i, a := range c.agents {
		family := string(a.Device) + " " + a.OS + " " + a.Browser
		met[family]++
		share := familyShare(family) / met[family] // of a family the first in the list are the commonest
		if a.Bot {
			robots[i], share = 1, 0
		}
		phone, desktop := share, share
		if a.Device != visitor.Mobile {
			phone = 0
		}
		if a.Device != visitor.Desktop {
			desktop = 0
		}
		for taste, w := range [...]float64{share, phone, desktop} {
			weights[taste] = append(weights[taste], w)
		}
	}
	for taste := range weights {
		c.people[taste] = newAlias(weights[taste])
	}
	c.robots = newAlias(robots)
	return c
}

// familyShare is how common a family of agents is, in percent of all.
func familyShare(family string) float64 {
	switch family {
	case "mobile Android Chrome":
		return 29
	case "mobile iOS Safari":
		return 16
	case "desktop Windows Chrome":
		return 15
	case "desktop Windows Edge", "mobile Android Facebook":
		return 4.5
	case "desktop macOS Safari", "mobile iOS Facebook", "desktop macOS Chrome":
		return 3.5
	case "mobile Android Instagram", "mobile iOS Instagram":
		return 2.8
	case "mobile Android TikTok", "mobile iOS TikTok", "mobile Android Samsung Internet", "desktop Windows Firefox":
		return 2
	case "mobile Android Android WebView", "tablet iOS Safari", "mobile iOS Chrome":
		return 1.2
	case "desktop Windows Opera", "desktop Linux Chrome", "tablet Android Chrome":
		return 0.8
	default:
		return 0.1
	}
}

// lands lists 200 countries, those with the most traffic first.
func lands() []string {
	return strings.Fields(`
US IN BR DE GB FR ID MX IT ES JP PH CA TH VN PL TR RU AU NL MY CO AR UA ZA EG PK NG SA RO
SE BE CZ PT CL PE AT CH GR HU KR TW BD AE KE MA DZ IL DK NO FI IE SG HK NZ BG RS HR SK KZ
LK EC VE IQ GH DO GT CR BO UY PY PA SV HN NI TN LT LV EE SI BA MK AL MD GE AM AZ BY UZ KG
TJ TM MN NP MM KH LA JO LB KW QA BH OM YE SY IR AF CU JM TT HT PR GY SR BZ BB BS LC GD VC
AG DM KN AW CW GP MQ GF RE YT MU SC MG MZ ZM ZW BW NA LS SZ MW TZ UG RW BI ET ER DJ SO SD
SS TD CF CM GA CG CD GQ ST AO SN GM GN GW SL LR CI BF ML NE TG BJ MR CV LY CY MT LU IS LI
MC SM AD ME XK FJ PG SB VU WS TO KI FM PW MH NR TV NC PF GU`)
}
