package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// The formats of an export.
const (
	Parquet = "parquet"
	CSV     = "csv"
)

// Export writes one UTC day of a table to the file dir/table/day=2026-03-14.ext,
// and gives its name. The file is there when it is whole. Columns says what is
// in it.
func (w *Warehouse) Export(ctx context.Context, table string, at time.Time, format, dir string) (string, error) {
	if err := isTable(table); err != nil {
		return "", err
	}
	how, ok := map[string]string{Parquet: parquetOptions, CSV: csvOptions}[format]
	if !ok {
		return "", fault.At("format", "there is no format %q; there are %s and %s", format, Parquet, CSV)
	}
	d := day{table, dayNumber(at)}
	name := filepath.Join(dir, table, fmt.Sprintf("day=%s.%s", d.time().Format(time.DateOnly), format))
	err := w.with(ctx, func(c *connection) error { return export(ctx, c, d, how, name) })
	if err != nil {
		return "", fmt.Errorf("export %s: %w", d, err)
	}
	return name, nil
}

const (
	parquetOptions = "FORMAT parquet, USE_TMP_FILE false, COMPRESSION zstd"
	csvOptions     = "FORMAT csv, USE_TMP_FILE false, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ'"
)

func export(ctx context.Context, c *connection, d day, how, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	unfinished, err := begin(name)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("COPY (SELECT %s FROM %s WHERE %s) TO %s (%s)",
		exported(d.table), d.table, d.within(), quote(unfinished), how)
	_, err = c.exec(ctx, text)
	if e, ok := errors.AsType[*engineError](err); ok && e.says(unfinished) {
		err = fault.Because(e, fault.Unavailable, "the file %s cannot be written", unfinished)
	}
	if err == nil {
		err = finish(unfinished, name)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(unfinished))
	}
	return nil
}

// unfinishedSuffix ends the names of files that are being written.
const unfinishedSuffix = ".unfinished"

// forgotten is how old a file is that nobody finishes any more.
const forgotten = 24 * time.Hour

// begin makes an empty file beside name, for its owner alone and for this export
// alone: several may write the same day at once. What exports that were killed
// have left there is removed.
func begin(name string) (string, error) {
	left, err := filepath.Glob(escape(name) + ".*" + unfinishedSuffix)
	if err != nil {
		return "", err
	}
	for _, one := range left {
		if info, err := os.Stat(one); err == nil && time.Since(info.ModTime()) > forgotten {
			if err := removeIfThere(one); err != nil {
				return "", err
			}
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*"+unfinishedSuffix)
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// escape makes a pattern that matches a name alone.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// finish puts a file that is written on disk, under its name.
func finish(unfinished, name string) error {
	f, err := os.OpenFile(unfinished, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = errors.Join(f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(unfinished, name)
}

func removeIfThere(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// ExportColumn is one column of an exported file.
type ExportColumn struct {
	Name string
	Type string // of SQL
	Doc  string
}

// Columns gives the columns of a table's exported files: those of the table,
// with times as timestamps in UTC, IDs as texts, money as decimals and marks as
// booleans. What is unknown is NULL.
func Columns(table string) []ExportColumn {
	def, _ := fact.TableOf(table)
	var all []ExportColumn
	for _, c := range def.Columns {
		for _, e := range exportsOf(c) {
			all = append(all, e.ExportColumn)
		}
	}
	return all
}

// exported gives the columns as SQL.
func exported(table string) string {
	def, _ := fact.TableOf(table)
	var all []string
	for _, c := range def.Columns {
		for _, e := range exportsOf(c) {
			all = append(all, fmt.Sprintf("(%s)::%s AS %s", e.value, e.Type, quoteName(e.Name)))
		}
	}
	return strings.Join(all, ", ")
}

type exportOf struct {
	ExportColumn
	value string
}

// exportsOf gives the exported columns that a column becomes.
func exportsOf(c fact.Column) []exportOf {
	one := func(name, kind, doc, value string) []exportOf {
		return []exportOf{{ExportColumn{name, kind, doc}, value}}
	}
	switch c.Name {
	case "ms":
		return one("time", "TIMESTAMP", "when it happened, in UTC", "epoch_ms(ms)")
	case "click_ms":
		return one("click_time", "TIMESTAMP", "when the click or view was, in UTC", "epoch_ms(nullif(click_ms, 0))")
	case "quarter", "day", "click_quarter", "id_node", "id_seq", "id_mask", "id_tag":
		return nil
	case "id_head":
		return one("transaction_id", "VARCHAR", "the ID of the click or view", idText())
	case "traffic":
		return append(
			one("bot", "BOOLEAN", "whether it was a bot", fmt.Sprintf("traffic & %d <> 0", fact.TrafficBot)),
			one("test", "BOOLEAN", "whether it is test traffic", fmt.Sprintf("traffic & %d <> 0", fact.TrafficTest))...)
	case "amount", "payout", "revenue":
		doc := strings.Replace(c.Doc, "in millionths of the currency's unit", "in the currency's unit", 1)
		return one(c.Name, "DECIMAL(19,6)", doc, c.Name+"::DECIMAL(19,0) * 0.000001")
	}
	kind := columnType(c)
	if c.Type == fact.Word {
		kind = "VARCHAR"
	}
	return one(c.Name, kind, c.Doc, c.Name)
}

func quoteName(s string) string { return `"` + s + `"` }

// idText is the text of an ID, put together from its columns: 160 bits, five a
// letter, forty at a time.
func idText() string {
	groups := []string{
		"((id_head::BIGINT << 32) | (ms >> 16))",
		"(((ms & 65535) << 24) | (id_node::BIGINT << 12) | (id_seq::BIGINT >> 2))",
		"(((id_seq::BIGINT & 3) << 38) | (id_mask::BIGINT >> 8))",
		"(((id_mask::BIGINT & 255) << 32) | id_tag::BIGINT)",
	}
	var letters []string
	for _, g := range groups {
		for shift := 35; shift >= 0; shift -= 5 {
			letters = append(letters, fmt.Sprintf("substr('0123456789abcdefghjkmnpqrstvwxyz', ((%s >> %d) & 31) + 1, 1)", g, shift))
		}
	}
	return strings.Join(letters, " || ")
}
