package waybill_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	waybill "waybill/sdk/go"
)

// A shop wraps its pages in a Keeper, and finds the transaction ID again where
// the order is complete.
func ExampleKeeper() {
	var keeper waybill.Keeper
	shop := http.NewServeMux()
	shop.HandleFunc("GET /kettles", func(http.ResponseWriter, *http.Request) {})
	shop.HandleFunc("POST /order", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("the order belongs to", keeper.FromRequest(r))
	})
	site := keeper.Middleware(shop)

	landing := httptest.NewRecorder()
	site.ServeHTTP(landing, httptest.NewRequest(http.MethodGet, "/kettles?tid=4g0t40x886d0040033225azzskw0pefq", nil))

	order := httptest.NewRequest(http.MethodPost, "/order", nil)
	for _, c := range landing.Result().Cookies() {
		order.AddCookie(c)
	}
	site.ServeHTTP(httptest.NewRecorder(), order)
	// Output: the order belongs to 4g0t40x886d0040033225azzskw0pefq
}
