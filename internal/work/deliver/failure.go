package deliver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"waybill/internal/delivery"
)

// classify says what kept an answer from coming.
func classify(err error) delivery.ErrorClass {
	var timeout net.Error
	switch {
	case forbidden(err):
		return delivery.ErrForbidden
	case is[*net.DNSError](err):
		return delivery.ErrDNS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return delivery.ErrTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return delivery.ErrRefused
	case insecure(err):
		return delivery.ErrTLS
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return delivery.ErrReset
	default:
		return delivery.ErrOther
	}
}

// is reports whether there is an E in err's tree.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func forbidden(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) ||
		errors.Is(err, ssrf.ErrInvalidHostPort)
}

// insecure reports whether the two sides could not agree on a secure
// connection.
func insecure(err error) bool {
	if is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) ||
		is[x509.UnknownAuthorityError](err) || is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err) ||
		errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true // an alert of TLS
	}
	return strings.HasPrefix(err.Error(), "tls: ")
}

// unwrapURL gives the error without the URL around it, which holds the
// receiver's keys.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
