package duckwarehouse_test

import (
	"path/filepath"
	"testing"

	"waybill/internal/store/duckwarehouse"
	"waybill/internal/store/warehousetest"
)

func TestReports(t *testing.T) {
	warehousetest.Reports(t, func(t *testing.T) warehousetest.Warehouse {
		return open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	})
}

func TestDelays(t *testing.T) {
	warehousetest.Delays(t, func(t *testing.T) warehousetest.Warehouse {
		return open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	})
}

func TestLists(t *testing.T) {
	warehousetest.Lists(t, func(t *testing.T) warehousetest.Warehouse {
		return open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	})
}

func TestDiscrepancies(t *testing.T) {
	warehousetest.Discrepancies(t, func(t *testing.T) warehousetest.Warehouse {
		return open(t, filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{})
	})
}
