package login

import (
	"net/url"
	"strconv"

	"waybill/internal/store/sqlledger"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func (p place) setting() *url.URL { return &url.URL{Scheme: p.scheme, Host: p.host, Path: p.prefix} }

// auditOf is all of the audit.
func auditOf() sqlledger.AuditFilter { return sqlledger.AuditFilter{} }
