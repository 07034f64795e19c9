// Package js is the browser SDK: the script that an advertiser's pages load
// from the tracking host to carry a transaction ID from the landing page to the
// conversion.
//
// Its source is the TypeScript in src. What is built from it is committed, so
// that building Waybill needs nothing but Go, and always stays under MaxGzipped
// bytes as a browser fetches it. docs/integrate-sdk.md says how pages use it.
package js

import _ "embed" // the script

//go:generate go tool -modfile=../../tools/go.mod esbuild src/sdk.ts --bundle --minify --format=iife --target=es2018 --charset=utf8 --legal-comments=none --log-level=warning "--banner:js=/* Waybill browser SDK, Apache-2.0 */" --outfile=dist/sdk.js

// MaxGzipped is more than the script has, in bytes, when it is compressed.
const MaxGzipped = 4096

//go:embed dist/sdk.js
var script string

// Script gives the SDK as it is served at /sdk.js and /sdk/v1.js.
func Script() string { return script }
