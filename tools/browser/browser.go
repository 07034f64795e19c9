// Package browser drives a real Chromium through what Waybill does in pages:
// the SDK and the pixels. It holds tests alone, with the build tag slow.
//
// The browser blocks third-party cookies. It believes that every host is the
// test's own server, which speaks TLS and answers by host name: pages of the
// advertiser on shop.test and pay.test, Waybill on track.test. So the pages and
// Waybill are on different registrable domains, as in life.
package browser
