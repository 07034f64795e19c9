package duckwarehouse

import (
	"fmt"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"waybill/internal/fault"
	"waybill/internal/report"
)

// read gives the value of a row of one column.
type read func(row int) (report.Value, error)

// readChunk hands the rows of a chunk to each, in row, and destroys the chunk.
func readChunk(chunk mapping.DataChunk, row report.Row, each func(report.Row) error) error {
	defer mapping.DestroyDataChunk(&chunk)
	columns := make([]read, len(row))
	for i := range columns {
		vec := mapping.DataChunkGetVector(chunk, mapping.IdxT(i))
		var err error
		if columns[i], err = newRead(vec); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	for r := range int(mapping.DataChunkGetSize(chunk)) { //nolint:gosec // at most 2,048
		for i, value := range columns {
			var err error
			if row[i], err = value(r); err != nil {
				return err
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func newRead(vec mapping.Vector) (read, error) {
	logical := mapping.VectorGetColumnType(vec)
	defer mapping.DestroyLogicalType(&logical)
	value, err := readOf(vec, logical)
	if err != nil {
		return nil, err
	}
	mask := mapping.VectorGetValidity(vec)
	if mask == nil {
		return value, nil
	}
	return func(row int) (report.Value, error) {
		if !mapping.ValidityMaskValueIsValid(mask, mapping.IdxT(row)) { //nolint:gosec // a row's place
			return report.Value{Null: true}, nil
		}
		return value(row)
	}, nil
}

func readOf(vec mapping.Vector, logical mapping.LogicalType) (read, error) {
	data := mapping.VectorGetData(vec)
	switch t := mapping.GetTypeId(logical); t {
	case mapping.TypeBoolean, mapping.TypeUTinyInt:
		return whole[uint8](data), nil
	case mapping.TypeTinyInt:
		return whole[int8](data), nil
	case mapping.TypeSmallInt:
		return whole[int16](data), nil
	case mapping.TypeUSmallInt:
		return whole[uint16](data), nil
	case mapping.TypeInteger:
		return whole[int32](data), nil
	case mapping.TypeUInteger:
		return whole[uint32](data), nil
	case mapping.TypeBigInt:
		return whole[int64](data), nil
	case mapping.TypeUBigInt: // bit by bit: hashes and masks
		return whole[uint64](data), nil
	case mapping.TypeHugeInt:
		return sum(data), nil
	case mapping.TypeVarchar:
		return func(row int) (report.Value, error) { return report.Value{Text: textAt(data, row)}, nil }, nil
	case mapping.TypeEnum:
		return word(data, logical), nil
	default:
		return nil, fmt.Errorf("values of DuckDB's type %d are not read", t)
	}
}

func at[T any](data unsafe.Pointer, row int) T {
	return *(*T)(unsafe.Add(data, uintptr(row)*unsafe.Sizeof(*new(T))))
}

func whole[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64](data unsafe.Pointer) read {
	return func(row int) (report.Value, error) { return report.Value{Number: int64(at[T](data, row))}, nil }
}

// sum reads numbers of 128 bits, which sums of whole numbers are.
func sum(data unsafe.Pointer) read {
	return func(row int) (report.Value, error) {
		words := at[[2]uint64](data, row)
		low, high := int64(words[0]), int64(words[1]) //nolint:gosec // two's complement
		if high != low>>63 {
			return report.Value{}, fault.New(fault.Invalid, "a sum of the report is too large to be shown; ask for a shorter time")
		}
		return report.Value{Number: low}, nil
	}
}

// text is a text as DuckDB lays it into a vector: one of up to 12 bytes stands
// there whole, of a longer one its first 4 bytes and where it is.
type text struct {
	length uint32
	short  [maxShort]byte
}

const maxShort = 12

func textAt(data unsafe.Pointer, row int) string {
	t := (*text)(unsafe.Add(data, uintptr(row)*unsafe.Sizeof(text{})))
	if t.length <= maxShort {
		return string(t.short[:t.length])
	}
	long := *(**byte)(unsafe.Pointer(&t.short[4])) //nolint:gosec // as laid out by DuckDB
	return string(unsafe.Slice(long, t.length))    //nolint:gosec // copied
}

func word(data unsafe.Pointer, logical mapping.LogicalType) read {
	words := dictionary(logical)
	switch mapping.EnumInternalType(logical) {
	case mapping.TypeUTinyInt:
		return func(row int) (report.Value, error) { return report.Value{Text: words[at[uint8](data, row)]}, nil }
	case mapping.TypeUSmallInt:
		return func(row int) (report.Value, error) { return report.Value{Text: words[at[uint16](data, row)]}, nil }
	default:
		return func(row int) (report.Value, error) { return report.Value{Text: words[at[uint32](data, row)]}, nil }
	}
}

// dictionary gives the words of an ENUM in their order.
func dictionary(logical mapping.LogicalType) []string {
	words := make([]string, mapping.EnumDictionarySize(logical))
	for i := range words {
		words[i] = mapping.EnumDictionaryValue(logical, mapping.IdxT(i))
	}
	return words
}
