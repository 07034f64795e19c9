// Package host holds the host names under which Waybill answers for an
// advertiser.
//
// A browser sends a cookie back to the site that set it. Under a name of the
// advertiser's own, such as go.shop.example, a click's cookie is of the
// advertiser's site, and the pixel on the advertiser's pages finds it again when
// cookies of other sites are blocked.
//
// A name is written one way alone: ASCII, lower case, without port and final
// dot. So two names are the same when they are equal byte for byte.
package host

import (
	"errors"
	"path/filepath"
	"strings"
	"unicode"

	"waybill/internal/fault"
)

// Status says whether Waybill answers under a name.
type Status string

// The statuses. Under a paused name nothing answers, and no certificate is
// asked for.
const (
	Active Status = "active"
	Paused Status = "paused"
)

// Certificate says where the certificate for a name comes from.
type Certificate string

// The ways to a certificate.
const (
	ACME Certificate = "acme" // asked for and renewed by Waybill
	File Certificate = "file" // read from files that somebody else renews
	None Certificate = "none" // TLS ends at a proxy in front of Waybill
)

// Domain is one name that belongs to an advertiser.
type Domain struct {
	ID           int64       `json:"id" readOnly:"true"`
	Host         string      `json:"host" maxLength:"253" doc:"The host name, such as go.shop.example, that DNS leads to Waybill. It may be written in any script and case; it is kept in its ASCII form."`
	AdvertiserID int64       `json:"advertiser_id" doc:"Whose it is: visitors to other advertisers' offers are turned away under it."`
	Certificate  Certificate `json:"certificate,omitempty" enum:"acme,file,none" default:"acme" doc:"acme: asked for and renewed by Waybill. file: read from cert_file and key_file. none: TLS ends at a proxy in front of Waybill."`
	CertFile     string      `json:"cert_file,omitempty" maxLength:"500" doc:"PEM file with the certificate and those that lead to its root, within the folder of --tls-files. It is read again when it changes."`
	KeyFile      string      `json:"key_file,omitempty" maxLength:"500" doc:"PEM file with the private key, within the folder of --tls-files."`
	Status       Status      `json:"status,omitempty" enum:"active,paused" default:"active" doc:"Under a paused domain nothing answers."`
}

// Default is a domain before anything was said of it.
func Default() Domain { return Domain{Certificate: ACME, Status: Active} }

// maxPath is the longest path of a file, in bytes.
const maxPath = 500

// Normalise writes the name the way it is kept. One that is no host name is left
// for Validate to report.
func (d *Domain) Normalise() {
	if name, err := Parse(d.Host); err == nil {
		d.Host = name
	}
}

// Validate reports every field that is wrong. The ID is the ledger's to give
// and not looked at.
func (d Domain) Validate() error {
	return errors.Join(d.validateHost(), d.validateStatus(), d.validateCertificate())
}

func (d Domain) validateHost() error {
	if d.Host == "" {
		return fault.At("host", "is missing")
	}
	name, err := Parse(d.Host)
	if err != nil {
		return fault.Within("host", err)
	}
	if name != d.Host {
		return fault.At("host", "is to be written %s", name)
	}
	return nil
}

func (d Domain) validateStatus() error {
	switch d.Status {
	case Active, Paused:
		return nil
	default:
		return fault.At("status", "%.40q is not a status; use active or paused", d.Status)
	}
}

func (d Domain) validateCertificate() error {
	switch d.Certificate {
	case File:
		return errors.Join(validPath("cert_file", d.CertFile), validPath("key_file", d.KeyFile))
	case ACME, None:
		return errors.Join(d.without("cert_file", d.CertFile), d.without("key_file", d.KeyFile))
	default:
		return fault.At("certificate", "%.40q is not understood; use acme, file or none", d.Certificate)
	}
}

func (d Domain) without(field, path string) error {
	if path == "" {
		return nil
	}
	return fault.At(field, "is read only where certificate is file, and it is %s", d.Certificate)
}

// validPath keeps files to the folder that the operator has named for them:
// whoever may change domains may not read the whole disk.
func validPath(field, path string) error {
	switch {
	case path == "":
		return fault.At(field, "is missing, and certificate is file")
	case len(path) > maxPath:
		return fault.At(field, "is longer than %d bytes", maxPath)
	case strings.ContainsFunc(path, unicode.IsControl):
		return fault.At(field, "holds a control character")
	case !filepath.IsLocal(path):
		return fault.At(field, "must be a path within the folder of --tls-files, such as go.shop.example/fullchain.pem")
	default:
		return nil
	}
}

// Warning is something that may be saved, but is seldom what was meant.
type Warning struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Warnings gives what is likely a mistake in a domain that is valid.
func (d Domain) Warnings() []Warning {
	if d.Certificate == ACME && reserved(d.Host) {
		return []Warning{{"certificate", "no public authority gives certificates for such a name; use file, or one of your own with --acme-directory"}}
	}
	return nil
}

// reserved reports whether a name is of the kind that is known in a private
// network alone (RFC 2606, RFC 6762, RFC 8375 and ICANN's internal).
func reserved(name string) bool {
	switch top := name[strings.LastIndexByte(name, '.')+1:]; top {
	case "test", "example", "invalid", "localhost", "local", "internal", "lan", "onion", "arpa":
		return true
	default:
		return false
	}
}
