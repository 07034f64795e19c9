package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/link"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/store/sqlledger"
)

// catalogSize says how many of what a catalog is made of there are. IDs are from 1
// on, and the documents are as the API makes them.
type catalogSize struct{ advertisers, offers, affiliates, postbacks, links, coupons int }

// sizeOf gives the sizes of a large network with so many offers and affiliates.
func sizeOf(n int) catalogSize {
	return catalogSize{
		advertisers: max(n/100, 1), offers: n, affiliates: n,
		postbacks: n * 5 / 2, links: n * 5 / 2, coupons: n * 5 / 2,
	}
}

func (s catalogSize) String() string {
	return fmt.Sprintf("%s offers, %s affiliates, %s advertisers, %s each of postbacks, short links and coupons",
		thousands(int64(s.offers)), thousands(int64(s.affiliates)), thousands(int64(s.advertisers)), thousands(int64(s.postbacks)))
}

// makers is how many documents are written at the same time; they share a commit.
const makers = 256

// fillCatalog writes a catalog into the ledger at a path, which it makes.
func fillCatalog(ctx context.Context, path string, s catalogSize) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the ledger's folder: %w", err)
	}
	db, err := sqlledger.Open(ctx, path, sqlledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, part := range []func() error{
		func() error { return makeAll(ctx, db.Advertisers(), s.advertisers, madeAdvertiser) },
		func() error { return makeAll(ctx, db.Affiliates(), s.affiliates, madeAffiliate) },
		func() error { return makeAll(ctx, db.Offers(), s.offers, s.offer) },
		func() error { return makeAll(ctx, db.Subscriptions(), s.postbacks, s.postback) },
		func() error { return makeAll(ctx, db.Links(), s.links, s.link) },
		func() error { return makeAll(ctx, db.Coupons(), s.coupons, s.coupon) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// makeAll writes n documents, some at the same time.
func makeAll[K int64 | string, T any](ctx context.Context, table *sqlledger.Table[K, T], n int, made func(i int) T) error {
	var wg sync.WaitGroup
	errs := make([]error, makers)
	next := make(chan int)
	for w := range makers {
		wg.Go(func() {
			for i := range next {
				if errs[w] == nil {
					_, errs[w] = table.Create(ctx, made(i))
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

// id spreads the number of a document over n others.
func id(i, n int) int64 { return int64(i%n) + 1 }

func madeAdvertiser(i int) advertiser.Advertiser {
	a := advertiser.Default()
	a.Name = fmt.Sprintf("Shop %d", i+1)
	return a
}

func madeAffiliate(i int) affiliate.Affiliate {
	a := affiliate.Default()
	a.Name = fmt.Sprintf("Blog %d of %s", i+1, trade(i))
	return a
}

// trade gives a line of business.
func trade(i int) string {
	all := [...]string{"travel", "finance", "games", "fashion", "health", "garden", "tea"}
	return all[i%len(all)]
}

func (s catalogSize) offer(i int) offer.Offer {
	o := offer.Default()
	o.AdvertiserID, o.Name, o.DestinationURL = id(i, s.advertisers), fmt.Sprintf("Spring sale %d, %s", i+1, trade(i)), destination
	o.Category = trade(i)
	o.Payout = offer.Price{Type: offer.CPA, Amount: 4 * money.Unit}
	o.Revenue = offer.Price{Type: offer.CPA, Amount: 6 * money.Unit}
	return o
}

func (s catalogSize) postback(i int) delivery.Subscription {
	p := delivery.Default()
	p.Owner = delivery.Owner{AffiliateID: id(i, s.affiliates)}
	p.Name = fmt.Sprintf("Tracker %d", i+1)
	p.URL = fmt.Sprintf("https://t%d.tracker.example/postback?cid={aff_click_id}&payout={payout}&status={status}&offer={offer_id}", i%500)
	if i%5 == 0 {
		p.OfferID = id(i, s.offers)
	}
	return p
}

func (s catalogSize) link(i int) link.Link {
	l := link.Default()
	l.Code, l.OfferID, l.AffiliateID = fmt.Sprintf("s%x", (i+1)*2_654_435_761%4_294_967_296), id(i, s.offers), id(i, s.affiliates)
	l.Query = "source=newsletter&sub1=may"
	return l
}

func (s catalogSize) coupon(i int) coupon.Coupon {
	c := coupon.Default()
	c.Code, c.OfferID, c.AffiliateID = fmt.Sprintf("MAY%d", i+1), id(i, s.offers), id(i, s.affiliates)
	return c
}
