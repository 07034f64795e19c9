package click

import "waybill/internal/visitor"

// Anonymise takes out of a click what tells of its visitor: the address and the
// agent, also where the URL that the visitor was sent to repeats them. It reports
// whether anything has changed. What the visitor's device and country are stays,
// and so do the partners' own values.
func (c *Click) Anonymise(a visitor.Anonymiser) bool {
	address, agent := a.Address(c.IP), a.Agent(c.UserAgent)
	location := c.Location
	if c.IP.IsValid() {
		kept := ""
		if address.IsValid() {
			kept = address.String()
		}
		location = a.Within(location, c.IP.String(), kept)
	}
	location = a.Within(location, c.UserAgent, agent)
	changed := address != c.IP || agent != c.UserAgent || location != c.Location
	c.IP, c.UserAgent, c.Location = address, agent, location
	return changed
}
