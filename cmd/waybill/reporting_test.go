package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"waybill/internal/span"
)

func TestWhereTheWarehouseIs(t *testing.T) {
	tests := []struct {
		name  string
		r     reporting
		path  string
		wrong string // in the error
	}{
		{name: "in the data folder", path: "data/warehouse.duckdb"},
		{name: "in a file", r: reporting{Warehouse: "duckdb:/fast/w.duckdb"}, path: "/fast/w.duckdb"},
		{name: "nowhere", r: reporting{Warehouse: "off"}, path: "off"},
		{name: "not yet in ClickHouse", r: reporting{Warehouse: "clickhouse://host/db"}, wrong: "ClickHouse is not supported yet"},
		{name: "not in what nobody knows", r: reporting{Warehouse: "oracle:x"}, wrong: "neither duckdb:FILE nor off"},
		{name: "not in a file without a name", r: reporting{Warehouse: "duckdb:"}, wrong: "neither duckdb:FILE nor off"},
		{name: "not in hardly any memory", r: reporting{bounds: bounds{Memory: 64 << 20}}, wrong: "--warehouse-memory 64MiB is too little"},
		{name: "not without a thread", r: reporting{bounds: bounds{Threads: -1}}, wrong: "--warehouse-threads -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.r.Memory == 0 {
				tt.r.Memory = 1 << 30
			}
			err := tt.r.valid()
			switch {
			case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("valid() = %v, want %q in it", err, tt.wrong)
			case tt.wrong == "" && err != nil:
				t.Errorf("valid() = %v", err)
			case tt.wrong == "" && !tt.r.off() && tt.r.path("data") != tt.path:
				t.Errorf("path() = %q, want %q", tt.r.path("data"), tt.path)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]size{"1GiB": 1 << 30, "512MiB": 512 << 20, "2TiB": 2 << 40, "4KiB": 4096} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%s is read as %d (%s), %v; want %d", text, got, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "1GB", "-1GiB", "1.5GiB", "GiB", "9999999GiB"} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func TestHowLongTablesAreKept(t *testing.T) {
	var got keeping
	want := keeping{"click": span.Days(400), "delivery": span.Days(90)}
	if err := got.UnmarshalText([]byte("clicks=400d, deliveries=2160h")); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, text := range []string{"", "clicks", "clicks=", "visits=4d", "clicks=1h", "clicks=-4d"} {
		var got keeping
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestNamesOfTables(t *testing.T) {
	var got tableList
	if err := got.UnmarshalText([]byte("deliveries,clicks,click")); err != nil || !slices.Equal(got, tableList{"click", "delivery"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := got.UnmarshalText([]byte("all")); err != nil || len(got) != 5 {
		t.Errorf("got %v, %v; want all five", got, err)
	}
	if err := got.UnmarshalText([]byte("visits")); err == nil || !strings.Contains(err.Error(), "clicks, impressions, conversions, signals, deliveries") {
		t.Errorf("an unknown table gives %v", err)
	}
}
