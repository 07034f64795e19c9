package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
)

// TestBenchGenerateFillsAWarehouse fills one as a user does, and reads it.
func TestBenchGenerateFillsAWarehouse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "made-up.duckdb")
	generate := func(more ...string) (said string, err error) {
		args := append([]string{
			"bench", "generate", "--warehouse", "duckdb:" + file, "--clicks", "10000", "--conversions", "150",
			"--days", "3", "--until", "2026-11-01",
		}, more...)
		var out bytes.Buffer
		err = run(t.Context(), args, &out, &out)
		return out.String(), err
	}
	said, err := generate()
	if err != nil || !strings.Contains(said, "10000 clicks") {
		t.Fatalf("bench generate said %q, %v", said, err)
	}
	if clicks, conversions := held(t, file); clicks != 10_000 || conversions != 150 {
		t.Errorf("the warehouse holds %d clicks and %d conversions, want 10000 and 150", clicks, conversions)
	}

	if _, err := generate(); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "--append") {
		t.Errorf("filled again: %v, want a refusal that names --append", err)
	}
	if clicks, _ := held(t, file); clicks != 10_000 {
		t.Errorf("after a refusal the warehouse holds %d clicks, want 10000", clicks)
	}
	if _, err := generate("--append", "--seed", "2"); err != nil {
		t.Fatal(err)
	}
	if clicks, conversions := held(t, file); clicks != 20_000 || conversions != 300 {
		t.Errorf("after more the warehouse holds %d clicks and %d conversions, want 20000 and 300", clicks, conversions)
	}
}

// held counts what a warehouse holds of the days that are made up here.
func held(t *testing.T, file string) (clicks, conversions int64) {
	t.Helper()
	w, err := duckwarehouse.Open(t.Context(), file, duckwarehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	until := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	args := []any{until.AddDate(0, 0, -3).UnixMilli(), until.UnixMilli()}
	err = w.View(t.Context(), func(r report.Reader) error {
		for text, count := range map[string]*int64{
			"SELECT count(*) FROM click WHERE ms >= $1 AND ms < $2":                       &clicks,
			"SELECT CAST(sum(sign) AS BIGINT) FROM conversion WHERE ms >= $1 AND ms < $2": &conversions,
		} {
			err := r.Rows(t.Context(), report.Statement{SQL: text, Args: args}, func(row report.Row) error {
				*count = row[0].Number
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return clicks, conversions
}

func TestBenchGenerateRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, want string }{
		{"--warehouse off", "no file"},
		{"--warehouse clickhouse://host/db", "no file"},
		{"--warehouse w.duckdb --clicks 0", "a click at least"},
		{"--warehouse w.duckdb --until tomorrow", "--until"},
		{"--clicks 5", "--warehouse"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"bench", "generate"}, strings.Fields(tt.args)...), &out, &out)
		if exitCode(err) != exitUsage || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("bench generate %s: %v, want a refusal with %q", tt.args, err, tt.want)
		}
	}
}
