package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// reporting says where the rows of reports are kept, for every command that
// reads or writes them.
type reporting struct {
	Warehouse string `placeholder:"URL" help:"Where the rows of reports are kept: duckdb:FILE, or off for none. Left open: warehouse.duckdb in the data folder."`
	bounds
}

// warehouseURLFlag says where the warehouse is to commands whose --warehouse
// means something else.
const warehouseURLFlag = "warehouse-url"

// reportingByURL is reporting for those commands.
type reportingByURL struct {
	bounds
	URL string `name:"warehouse-url" env:"WAYBILL_WAREHOUSE" placeholder:"URL" help:"Where the warehouse is, as --warehouse of serve says it."`
}

// reporting gives it as for every other command.
func (b reportingByURL) reporting() (reporting, error) {
	r := reporting{Warehouse: b.URL, bounds: b.bounds}
	return r, r.valid()
}

// bounds are what the warehouse may take, and how long it keeps what; and how much
// disk is left free, by the journal and doubly so by the warehouse.
type bounds struct {
	Memory  size    `name:"warehouse-memory" default:"1GiB" placeholder:"SIZE" help:"The most memory that reports may take; beyond it they use the disk."`
	Threads int     `name:"warehouse-threads" placeholder:"N" help:"How many threads reports may take. Default: 2, or 1 on a single core."`
	Keep    keeping `name:"warehouse-retention" placeholder:"TABLE=TIME,…" help:"How long the rows of a table are kept for reports, such as clicks=400d,impressions=90d. Default: for good."`

	MinFreeMiB uint64 `name:"min-free-mib" placeholder:"MIB" help:"Refuse clicks and postbacks when less disk than this is free, and rows of reports when less than twice that is. Default: 1% of the disk, at least 256."`
}

const (
	// warehouseFile lies in the data folder.
	warehouseFile = "warehouse.duckdb"
	// noWarehouse is how a node without reports is asked for.
	noWarehouse = "off"
	// leastMemory is what DuckDB needs to write at all.
	leastMemory = 128 << 20
)

// off reports whether there is to be no warehouse.
func (r *reporting) off() bool { return r.Warehouse == noWarehouse }

// path gives the warehouse's file for a data folder.
func (r *reporting) path(dir string) string {
	return cmp.Or(strings.TrimPrefix(r.Warehouse, "duckdb:"), filepath.Join(dir, warehouseFile))
}

// valid looks for what the parser cannot see.
func (r *reporting) valid() error {
	scheme, rest, named := strings.Cut(r.Warehouse, ":")
	switch {
	case r.Warehouse == "" || r.off() || named && scheme == "duckdb" && rest != "":
	case scheme == "clickhouse":
		return fault.New(fault.Invalid, "--warehouse %s: ClickHouse is not supported yet; leave --warehouse open to keep the rows of reports in the data folder", r.Warehouse)
	default:
		return fault.New(fault.Invalid, "--warehouse %q is neither duckdb:FILE nor off", r.Warehouse)
	}
	if r.Memory < leastMemory {
		return fault.New(fault.Invalid, "--warehouse-memory %s is too little: give it %s or more", r.Memory, size(leastMemory))
	}
	if r.Threads < 0 {
		return fault.New(fault.Invalid, "--warehouse-threads %d is less than one", r.Threads)
	}
	return nil
}

// size is an amount of memory or disk, in bytes, with a text form.
type size int64

// units are the texts of sizes, the largest first.
func units() []struct {
	name  string
	bytes size
} {
	return []struct {
		name  string
		bytes size
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// String gives the size in the largest unit that it is a multiple of.
func (s size) String() string {
	for _, u := range units() {
		if s >= u.bytes && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// UnmarshalText reads a size such as 1GiB or 512MiB.
func (s *size) UnmarshalText(text []byte) error {
	for _, u := range units() {
		number, ok := strings.CutSuffix(string(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || n < 0 || n > int64(1<<50/u.bytes) {
			break
		}
		*s = size(n) * u.bytes
		return nil
	}
	return fmt.Errorf("%q is no size such as 1GiB or 512MiB", text)
}
