package duckwarehouse_test

import (
	"path/filepath"
	"testing"

	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

func TestWarehouse(t *testing.T) {
	warehousetest.Run(t, func(t *testing.T) warehousetest.Warehouse {
		return open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	})
}

func open(t testing.TB, path string, o duckwarehouse.Options) *duckwarehouse.Warehouse {
	t.Helper()
	w, err := duckwarehouse.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
