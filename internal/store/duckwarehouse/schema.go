package duckwarehouse

import (
	"context"
	"fmt"
	"strings"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// schemaVersion is that of the tables below.
const schemaVersion = 3

// Tables of the warehouse's own: how far each source has been read, and which
// days of which table there are and what was done to them.
const (
	makePosition = `CREATE TABLE position (source VARCHAR NOT NULL, upto UBIGINT NOT NULL, through_ms BIGINT NOT NULL)`
	makeDay      = `CREATE TABLE day (tbl VARCHAR NOT NULL, day INTEGER NOT NULL, sorted BOOLEAN NOT NULL, anonymous BOOLEAN NOT NULL)`
	makeVersion  = `CREATE TABLE schema_version (version INTEGER NOT NULL)`
)

// makeSchema makes the tables of an empty file, and checks the version of one
// that has tables.
func makeSchema(ctx context.Context, c *connection) error {
	row, err := c.one(ctx, `SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_version'`)
	if err != nil {
		return fmt.Errorf("look for the schema: %w", err)
	}
	if row[0].Number == 0 {
		return c.transaction(ctx, func() error { return makeTables(ctx, c) })
	}
	row, err = c.one(ctx, `SELECT version FROM schema_version`)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch row[0].Number {
	case schemaVersion:
		return nil
	case withoutCorrection:
		return c.transaction(ctx, func() error { return addCorrection(ctx, c) })
	}
	return fault.New(fault.Damaged, "the warehouse's file has the schema version %d, this program has %d; %s", row[0].Number, schemaVersion, advice)
}

// withoutCorrection is the schema version whose signals do not say whether they
// correct a conversion. What came through the API and made none is taken for a
// correction there: a rebuild knows better.
const (
	withoutCorrection = 2
	correctionOf      = `channel = 'api' AND status <> 'accepted'`
)

func addCorrection(ctx context.Context, c *connection) error {
	for _, text := range []string{
		`ALTER TABLE signal ADD COLUMN correction BOOLEAN`,
		`UPDATE signal SET correction = ` + correctionOf,
		fmt.Sprintf(`UPDATE schema_version SET version = %d`, schemaVersion),
	} {
		if _, err := c.exec(ctx, text); err != nil {
			return fmt.Errorf("bring the schema up to date: %w", err)
		}
	}
	return nil
}

func makeTables(ctx context.Context, c *connection) error {
	texts := []string{makePosition, makeDay, makeVersion, fmt.Sprintf(`INSERT INTO schema_version VALUES (%d)`, schemaVersion)}
	for _, t := range fact.Tables() {
		texts = append(texts, makeTable(t))
	}
	for _, text := range texts {
		if _, err := c.exec(ctx, text); err != nil {
			return fmt.Errorf("make the schema: %w", err)
		}
	}
	return nil
}

func makeTable(t fact.Table) string {
	columns := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns {
		columns = append(columns, fmt.Sprintf("%s %s NOT NULL", c.Name, columnType(c)))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", t.Name, strings.Join(columns, ", "))
}

// columnType gives DuckDB's type of a column. A word is an ENUM, by which rows
// are grouped four times as fast as by texts.
func columnType(c fact.Column) string {
	switch c.Type {
	case fact.Int8:
		return "TINYINT"
	case fact.Uint8:
		return "UTINYINT"
	case fact.Uint16:
		return "USMALLINT"
	case fact.Int32:
		return "INTEGER"
	case fact.Uint32:
		return "UINTEGER"
	case fact.Int64:
		return "BIGINT"
	case fact.Uint64:
		return "UBIGINT"
	case fact.Bool:
		return "BOOLEAN"
	case fact.Word:
		return enum(knownWords(c.Name))
	case fact.Text:
	}
	return "VARCHAR"
}

func enum(words []string) string {
	quoted := make([]string, 0, len(words))
	for _, w := range words {
		quoted = append(quoted, quote(w))
	}
	return "ENUM (" + strings.Join(quoted, ", ") + ")"
}

// quote makes a literal of s.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// knownWords gives the words a column of words begins with: the lists of
// package visitor, and for countries all that two letters can say. A word that
// is not here is added when it comes, at the price of writing the column anew.
func knownWords(column string) []string {
	switch column {
	case "country":
		return countries()
	case "device":
		return []string{"", "desktop", "mobile", "tablet", "tv", "console", "bot", "other"}
	case "os":
		return []string{
			"", "Windows", "Android", "macOS", "iOS", "Linux", "FreeBSD", "ChromeOS", "BlackBerry", "Windows Phone",
			"OpenBSD", "Tizen", "webOS", "tvOS", "Roku OS", "VIDAA", "KaiOS", "HarmonyOS", "PlayStation", "Nintendo",
		}
	case "browser":
		return []string{
			"", "Chrome", "Safari", "Edge", "Firefox", "Samsung Internet", "Opera", "Opera Mini", "Android WebView",
			"Android Browser", "Chromium", "Internet Explorer", "Brave", "Vivaldi", "DuckDuckGo", "Yandex Browser",
			"UC Browser", "QQ Browser", "Coc Coc", "Whale", "Mi Browser", "Huawei Browser", "HeyTap Browser",
			"Vivo Browser", "Silk", "Instagram", "Messenger", "Facebook", "TikTok", "Snapchat", "Pinterest", "LinkedIn",
			"X", "Reddit", "WeChat", "KakaoTalk", "LINE", "Viber", "Telegram", "Google",
		}
	}
	return []string{""}
}

func countries() []string {
	words := make([]string, 1, 1+26*26)
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			words = append(words, string(a)+string(b))
		}
	}
	return words
}
