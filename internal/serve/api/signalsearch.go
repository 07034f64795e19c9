package api

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

type signalsIn struct {
	caller
	Paging
	Q             string    `query:"q" maxLength:"500" doc:"Only those in which every one of these words stands, as part of what came (raw request, parameters, path) or of the verdict's message. Upper and lower case are the same; an e-mail address is looked for by its hash. Not for affiliates."`
	TransactionID string    `query:"transaction_id" doc:"Only signals that named this click."`
	OrderID       string    `query:"order_id" doc:"Only those with this order. Not for affiliates."`
	Status        string    `query:"status" enum:"accepted,updated,duplicate,rejected" doc:"Only those with this status."`
	Code          string    `query:"code" doc:"Only those with this code."`
	Channel       string    `query:"channel" enum:"postback,pixel,sdk,api,import" doc:"Only those that came by this channel."`
	OfferID       int64     `query:"offer_id" doc:"Only those for this offer."`
	AffiliateID   int64     `query:"affiliate_id" doc:"Only those that named a click of this affiliate."`
	AdvertiserID  int64     `query:"advertiser_id" doc:"Only those for offers of this advertiser. Not for affiliates."`
	IP            string    `query:"ip" doc:"Only those from this address, or from this block (192.0.2.0/24). For the network alone."`
	Test          bool      `query:"test" doc:"Test signals instead of real ones."`
	From          string    `query:"from" doc:"Received at this time or later."`
	Until         time.Time `query:"until" doc:"Received before this time."`
	Records       bool      `query:"records" doc:"Each as it is read alone, with what came."`
}

// How much one request for a list looks at. A page may be short of its limit
// then, and its next_cursor leads on.
const (
	mostLooked   = 20_000
	lookedAtOnce = 1000
)

// signals lists verdicts, and the signals they are on where that is asked for.
func (a *API) signals(ctx context.Context, in *signalsIn) (*answer, error) {
	s, err := a.sieve(in)
	if err != nil {
		return nil, err
	}
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	f.Limit = in.Limit
	if s.sifts() {
		f.Limit = lookedAtOnce
	}
	p := signalPage{sieve: s, limit: in.Limit, out: page{Data: []object{}}}
	for looked := 0; ; {
		list, next, err := a.Verdicts.Verdicts(ctx, f)
		if err != nil {
			return nil, err
		}
		if err := p.add(ctx, list, next); err != nil {
			return nil, err
		}
		f.Cursor = p.out.Next
		if looked += len(list); f.Cursor == "" || len(p.out.Data) == p.limit || looked >= mostLooked {
			return &answer{Body: p.out}, nil
		}
	}
}

// signalPage fills one page of the list.
type signalPage struct {
	*sieve
	limit int
	out   page
}

// add takes up what fits of a list, as long as the page has room, and notes where
// the next page begins: behind the list at next, if the page takes all of it.
func (p *signalPage) add(ctx context.Context, list []signal.Verdict, next string) error {
	for _, v := range list {
		if len(p.out.Data) == p.limit {
			return nil
		}
		p.out.Next = v.SignalID
		fits, err := p.takes(ctx, v)
		if err != nil {
			return err
		}
		if !fits {
			continue
		}
		o, err := p.show(ctx, v)
		if err != nil {
			return err
		}
		p.out.Data = append(p.out.Data, o)
	}
	p.out.Next = next
	return nil
}

// filter gives what the ledger looks for by itself.
func (in *signalsIn) filter() (VerdictFilter, error) {
	from, err := instantOf("from", in.From)
	return VerdictFilter{
		TransactionID: in.TransactionID, Status: signal.Status(in.Status), Code: signal.Code(in.Code),
		OfferID: in.OfferID, Channel: signal.Channel(in.Channel), Test: in.Test, From: from, Until: in.Until, Cursor: in.Cursor,
	}, err
}

// sieve leaves the signals that a caller asks for and may see.
type sieve struct {
	api                       *API
	who                       account.Principal
	affiliateID, advertiserID int64
	orderID                   string
	from                      netip.Prefix
	words                     []string
	records                   bool
}

// sieve reads what a list is to be sifted by, and refuses what would tell a caller
// of things that it may not see.
func (a *API) sieve(in *signalsIn) (*sieve, error) {
	s := &sieve{
		api: a, who: in.who(), affiliateID: in.AffiliateID, advertiserID: in.AdvertiserID,
		orderID: in.OrderID, records: in.Records,
	}
	for _, hidden := range [...]struct {
		name  string
		asked bool
		roles string
	}{
		{"ip", in.IP != "", "advertiser affiliate"},
		{"q", in.Q != "", "affiliate"},
		{"order_id", in.OrderID != "", "affiliate"},
		{"advertiser_id", in.AdvertiserID != 0, "affiliate"},
	} {
		if hidden.asked && strings.Contains(hidden.roles, string(s.who.Role)) {
			return nil, fault.New(fault.Forbidden, "a key of role %s cannot filter by %s", s.who.Role, hidden.name)
		}
	}
	var err error
	if s.from, err = parseBlock(in.IP); err != nil {
		return nil, err
	}
	key := a.Catalog().Settings().IdentityKey
	for word := range strings.FieldsSeq(in.Q) {
		s.words = append(s.words, strings.ToLower(param.ScrubText(key, word)))
	}
	return s, nil
}

// parseBlock reads an address or a block of them; the zero prefix for nothing.
func parseBlock(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	if block, err := netip.ParsePrefix(text); err == nil {
		return block.Masked(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fault.At("query.ip", "%.60q is neither an address nor a block such as 192.0.2.0/24", text)
	}
	return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
}

// sifts reports whether the ledger gives more than what is asked for.
func (s *sieve) sifts() bool {
	return !s.who.IsNetwork() || s.affiliateID != 0 || s.advertiserID != 0 || s.readsRecords()
}

// readsRecords reports whether the verdict alone does not tell.
func (s *sieve) readsRecords() bool { return s.orderID != "" || s.from.IsValid() || len(s.words) > 0 }

// takes reports whether a signal is asked for, and the caller's to see.
func (s *sieve) takes(ctx context.Context, v signal.Verdict) (bool, error) {
	if !s.api.seesSignal(s.who, &v) || !s.isOf(v) {
		return false, nil
	}
	if !s.readsRecords() {
		return true, nil
	}
	g, kept, err := s.api.recordOf(ctx, v.SignalID)
	return kept && s.fits(&g, &v), err
}

// show gives a signal as the caller sees it.
func (s *sieve) show(ctx context.Context, v signal.Verdict) (object, error) {
	if !s.records {
		return view(s.who.Role, kindVerdict, showVerdict(v))
	}
	id, err := txid.Parse(v.SignalID)
	if err != nil {
		return nil, err
	}
	r, err := s.api.readSignal(ctx, s.who, id)
	if err != nil {
		return nil, err
	}
	return view(s.who.Role, kindSignal, r)
}

// isOf reports whether a signal is of the affiliate and the advertiser asked for.
func (s *sieve) isOf(v signal.Verdict) bool {
	if s.affiliateID == 0 && s.advertiserID == 0 {
		return true
	}
	advertiserID, affiliateID, err := s.api.parties(v.TransactionID)
	if v.OfferID != 0 {
		advertiserID = s.api.advertiserOf(v.OfferID)
	} else if err != nil {
		return false
	}
	return (s.affiliateID == 0 || s.affiliateID == affiliateID) && (s.advertiserID == 0 || s.advertiserID == advertiserID)
}

// recordOf gives what came, if it is kept here.
func (a *API) recordOf(ctx context.Context, signalID string) (g signal.Signal, kept bool, err error) {
	id, err := txid.Parse(signalID)
	if err != nil {
		return g, false, err
	}
	record, err := a.Journal.Get(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return g, false, nil
	}
	if err != nil {
		return g, false, err
	}
	g, err = signal.Read(id, record)
	return g, err == nil, err
}

// fits reports whether what came is what is looked for.
func (s *sieve) fits(g *signal.Signal, v *signal.Verdict) bool {
	if s.orderID != "" && g.Value(param.OrderID) != s.orderID {
		return false
	}
	if s.from.IsValid() && !s.from.Contains(g.IP.Unmap()) {
		return false
	}
	return len(s.words) == 0 || holdsAll(s.texts(g, v), s.words)
}

// texts gives what a caller may read of a signal, to be searched.
func (s *sieve) texts(g *signal.Signal, v *signal.Verdict) []string {
	all := []string{
		g.Raw, g.Path, g.Method, g.Malformed, v.Message, v.SignalID, v.TransactionID, v.ConversionID,
		string(v.Code), string(g.Auth), string(g.Channel),
	}
	if s.who.IsNetwork() {
		all = append(all, g.UserAgent, g.Referrer, g.IP.String(), v.Rule)
	}
	for _, p := range g.Params {
		all = append(all, p.Name.String()+"="+p.Value)
	}
	for _, e := range g.Extra {
		all = append(all, e.Name+"="+e.Value)
	}
	return append(all, g.Marks...)
}

// holdsAll reports whether each word stands in one of the texts.
func holdsAll(texts, words []string) bool {
	left := words
	for _, text := range texts {
		text = strings.ToLower(text)
		var missing []string
		for _, word := range left {
			if !strings.Contains(text, word) {
				missing = append(missing, word)
			}
		}
		if left = missing; len(left) == 0 {
			return true
		}
	}
	return false
}
