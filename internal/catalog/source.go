package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/host"
	"waybill/internal/link"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/tune"
	"waybill/internal/txid"
)

// Source is the configuration as plain data.
type Source struct {
	Version       int64                   `json:"version"` // rises with every change
	Advertisers   []advertiser.Advertiser `json:"advertisers"`
	Affiliates    []affiliate.Affiliate   `json:"affiliates"`
	Offers        []offer.Offer           `json:"offers"`
	Goals         []offer.Goal            `json:"goals"`
	Terms         []offer.Term            `json:"terms"`
	Links         []link.Link             `json:"links"`
	Domains       []host.Domain           `json:"domains"`
	Coupons       []coupon.Coupon         `json:"coupons"`
	Subscriptions []delivery.Subscription `json:"subscriptions"`
	Keys          []HashedKey             `json:"keys"`
	Ring          []txid.Key              `json:"ring"`
	Access        []offer.Permission      `json:"access,omitempty"`
	IDMap         []tune.Mapping          `json:"id_map"`
	Settings      Settings                `json:"settings"`
	CapsReached   []CapReached            `json:"caps_reached"`
}

// HashedKey is an API key with the hash that finds it.
type HashedKey struct {
	account.Key
	Hash string `json:"hash"`
}

// CapReached names a cap that is used up in its present period, so that the
// edge turns visitors away. The cap itself is held by the ledger, exactly.
type CapReached struct {
	OfferID     int64 `json:"offer_id"`
	AffiliateID int64 `json:"affiliate_id,omitempty"`
	Until       int64 `json:"until"` // Unix seconds; 0 for ever
}

// Settings hold for the whole installation.
type Settings struct {
	FallbackURL string `json:"fallback_url,omitempty" doc:"Where visitors go who can be sent nowhere else."`
	// TuneIDs says what a number of TUNE's means that was not imported.
	TuneIDs tune.Rule `json:"tune_ids,omitempty"`
	// IdentityKey keys the hashes of e-mails and user names. It never changes,
	// since hashes made under another key no longer meet.
	IdentityKey []byte `json:"identity_key"`
}

// Validate reports every field that is wrong.
func (s Settings) Validate() error {
	err := fault.Within("tune_ids", s.TuneIDs.Validate())
	if s.FallbackURL == "" {
		return err
	}
	_, broken := macro.Parse(s.FallbackURL, macro.URL, macro.OfferURL)
	return errors.Join(fault.Within("fallback_url", broken), err)
}

// magic begins an encoded source: what it is, and in which form.
const magic = "waybill catalog 1 sha256:"

// Encode gives the source as a text that Decode reads: a line with a checksum,
// then JSON. It holds secrets.
func Encode(s Source) ([]byte, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the catalog: %w", err)
	}
	sum := sha256.Sum256(body)
	text := make([]byte, 0, len(magic)+2*len(sum)+len(body)+2)
	text = hex.AppendEncode(append(text, magic...), sum[:])
	text = append(append(text, '\n'), body...)
	return append(text, '\n'), nil
}

// Decode reads what Encode wrote. A text that was cut, changed or written by a
// later version in another form is an error.
func Decode(text []byte) (Source, error) {
	head, body, _ := bytes.Cut(text, []byte("\n"))
	want, ours := bytes.CutPrefix(head, []byte(magic))
	if !ours {
		return Source{}, fault.New(fault.Internal, "decode the catalog: not a catalog of this form")
	}
	body, whole := bytes.CutSuffix(body, []byte("\n"))
	if sum := sha256.Sum256(body); !whole || hex.EncodeToString(sum[:]) != string(want) {
		return Source{}, fault.New(fault.Internal, "decode the catalog: it is damaged")
	}
	var s Source
	if err := json.Unmarshal(body, &s); err != nil {
		return Source{}, fmt.Errorf("decode the catalog: %w", err)
	}
	return s, nil
}
