package duckwarehouse

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"waybill/internal/fact"
)

// vector is one column of a chunk that is being filled.
type vector struct {
	handle mapping.Vector
	data   unsafe.Pointer
	places map[string]int // of a column of words: where each stands
	wide   bool           // its places take two bytes
}

// fill writes one column of rows into a vector.
type fill[T any] func(v *vector, rows []T)

// numeric is what a vector holds by itself.
type numeric interface {
	int8 | uint8 | uint16 | int32 | uint32 | int64 | uint64 | bool
}

// number writes what get gives straight into the vector's memory.
func number[T any, N numeric](get func(*T) N) fill[T] {
	return func(v *vector, rows []T) {
		dst := unsafe.Slice((*N)(v.data), len(rows)) //nolint:gosec // the vector has room for a chunk
		for i := range rows {
			dst[i] = get(&rows[i])
		}
	}
}

// texts writes what get gives: a short text into the vector's memory, a longer
// one through DuckDB, which keeps a copy.
func texts[T any](get func(*T) string) fill[T] {
	return func(v *vector, rows []T) {
		dst := unsafe.Slice((*text)(v.data), len(rows)) //nolint:gosec // the vector has room for a chunk
		for i := range rows {
			s := valid(get(&rows[i]))
			if len(s) > maxShort {
				long := unsafe.Slice(unsafe.StringData(s), len(s)) //nolint:gosec // DuckDB only reads it
				bindings.UnsafeVectorAssignStringElementLen(v.handle, mapping.IdxT(i), long)
				continue
			}
			dst[i] = text{length: uint32(len(s))} //nolint:gosec // at most 12
			copy(dst[i].short[:], s)
		}
	}
}

// valid gives s as UTF-8, which DuckDB insists on and does not check here.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// words writes the places of what get gives. All words have one by then.
func words[T any](get func(*T) string) fill[T] {
	return func(v *vector, rows []T) {
		if v.wide {
			dst := unsafe.Slice((*uint16)(v.data), len(rows)) //nolint:gosec // the vector has room for a chunk
			for i := range rows {
				dst[i] = uint16(v.places[valid(get(&rows[i]))]) //nolint:gosec // few words
			}
			return
		}
		dst := unsafe.Slice((*uint8)(v.data), len(rows)) //nolint:gosec // the vector has room for a chunk
		for i := range rows {
			dst[i] = uint8(v.places[valid(get(&rows[i]))]) //nolint:gosec // fewer than 256 words
		}
	}
}

// shape is how rows of one type become columns.
type shape[T any] struct {
	fills map[string]fill[T]         // by the column's name
	words map[string]func(*T) string // the columns of words
	day   func(*T) int32             // the UTC day, counted from 1970
}

// inOrder gives the fills in the order of a table's columns.
func (s shape[T]) inOrder(table string) []fill[T] {
	def, _ := fact.TableOf(table)
	all := make([]fill[T], 0, len(def.Columns))
	for _, c := range def.Columns {
		all = append(all, s.fills[c.Name])
	}
	return all
}
