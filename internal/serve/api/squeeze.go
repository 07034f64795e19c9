package api

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// Answers are squeezed with gzip where the client asks for it and it is worth the
// work: JSON, CSV and NDJSON of more than a packet.
//
// The length of what is squeezed tells how much of it is alike, so that whoever
// sees lengths, and has a word in an answer beside a secret, could guess the
// secret letter by letter. So these are never squeezed: answers to changes, some of
// which show a secret once; answers of routes that show secrets at all; and what a
// browser was sent to with its cookie by another site, which is how somebody else
// would have it ask again and again.
const squeezeFrom = 1 << 10 // bytes

// squeezed gives a handler whose answers are squeezed if the client asks for it.
func squeezed(h http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(squeezeFrom), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.EnableZstd(false),
		gzhttp.ContentTypeFilter(squeezable),
	)
	if err != nil { // these settings are good ones: tests would tell
		return h
	}
	return wrap(h)
}

// squeezable reports whether answers of a type are squeezed. Events are not: each
// is to be seen at once.
func squeezable(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains([]string{
		"application/json", "application/problem+json", "application/x-ndjson", "application/openapi+json", "application/openapi+yaml", "text/csv",
	}, media)
}

// maySqueeze reports whether the answer of a route to a request may be squeezed.
func maySqueeze(pattern string, r *http.Request) bool {
	return asksForGzip(r.Header) && r.Method == http.MethodGet && !showsSecrets(pattern) && !sentByOthers(r.Header)
}

// asksForGzip reports whether gzip is named at all. What it is worth to the client
// is read where the answer is written.
func asksForGzip(h http.Header) bool {
	return slices.ContainsFunc(h.Values("Accept-Encoding"), func(v string) bool { return strings.Contains(v, "gzip") })
}

// sentByOthers reports whether a request brings a cookie, and is not a page's of
// our own.
func sentByOthers(h http.Header) bool {
	return h.Get("Authorization") == "" && h.Get("Cookie") != "" && h.Get("Sec-Fetch-Site") != "same-origin"
}

// showsSecrets reports whether answers of a route hold what nobody else may know:
// an advertiser's token and key, alone or in code that is pasted, and what partners
// have put into their postbacks' templates.
func showsSecrets(pattern string) bool {
	path, ok := strings.CutPrefix(pattern, "GET "+prefix)
	switch path {
	case "/advertisers", "/advertisers/{id}", "/offers/{id}/links", "/offers/{id}/snippets", "/postbacks", "/postbacks/{id}":
		return true
	}
	return !ok
}
