package login

import (
	"net/url"
	"strconv"

	"waybill/internal/store/sqlledger"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// setting is the place as an operator says it.
func (p place) setting() *url.URL {
	u, err := url.Parse(p.url(""))
	if err != nil {
		panic(err)
	}
	return u
}

// auditOf is all of the audit.
func auditOf() sqlledger.AuditFilter { return sqlledger.AuditFilter{} }
