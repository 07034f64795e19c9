package main

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// demoPerson is somebody who may look around in the demo's console.
type demoPerson struct {
	email, role, sees     string
	advertiser, affiliate int64
}

// demoPeople lists them, the owner first.
func demoPeople(advertiser, affiliate int64) []demoPerson {
	return []demoPerson{
		{email: "owner@demo.example", role: "owner", sees: "everything"},
		{email: "analyst@demo.example", role: "analyst", sees: "everything but secrets, and changes nothing"},
		{email: "shop@demo.example", role: "advertiser", sees: "what the shop sees", advertiser: advertiser},
		{email: "affiliate@demo.example", role: "affiliate", sees: "what the affiliate sees", affiliate: affiliate},
	}
}

// people lets some people in, each by a link as anybody comes in, all with one
// password that is drawn anew.
func (n *demoNode) people(list []demoPerson) (password string, err error) {
	password = "demo-" + strings.ToLower(rand.Text()[:12])
	for _, p := range list {
		if err := n.join(p, password); err != nil {
			return "", fmt.Errorf("let %s in: %w", p.email, err)
		}
	}
	return password, nil
}

// join makes a link for somebody and follows it.
func (n *demoNode) join(p demoPerson, password string) error {
	var t task = &ownerLink{At: n.url}
	if p.role != "owner" {
		t = &userCreate{Email: p.email, Role: p.role, Advertiser: p.advertiser, Affiliate: p.affiliate, At: n.url}
	}
	var link strings.Builder
	quiet := *n.env
	quiet.stdout = &link
	if err := perform(&quiet, common{Data: n.data}, t); err != nil {
		return err
	}
	_, token, _ := strings.Cut(strings.TrimSpace(link.String()), "#")
	said := map[string]string{"token": token, "password": password, "name": "Demo " + p.role}
	if p.role == "owner" {
		said["email"] = p.email
	}
	return n.post(n.env.ctx, "/console/auth/accept", said, new(struct{}))
}
