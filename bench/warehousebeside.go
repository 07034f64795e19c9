package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver of the other engine

	"waybill/internal/demo/traffic"
	"waybill/internal/fact"
	"waybill/internal/store/duckwarehouse"
)

// The tables that a tracker on an SQL database would have, with the indexes its
// reports would want. Types are the ones that both engines know.
const (
	besideClicks = `CREATE TABLE click (
		ms BIGINT NOT NULL, id TEXT NOT NULL, offer BIGINT NOT NULL, affiliate BIGINT NOT NULL, visitor BIGINT NOT NULL, traffic BIGINT NOT NULL,
		turned_away TEXT NOT NULL, source TEXT NOT NULL, sub1 TEXT NOT NULL, sub2 TEXT NOT NULL, sub3 TEXT NOT NULL, sub4 TEXT NOT NULL, sub5 TEXT NOT NULL,
		country TEXT NOT NULL, device TEXT NOT NULL, os TEXT NOT NULL, browser TEXT NOT NULL,
		aff_click_id TEXT NOT NULL, referrer TEXT NOT NULL, user_agent TEXT NOT NULL, ip TEXT NOT NULL)`
	besideConversions = `CREATE TABLE conversion (
		ms BIGINT NOT NULL, sign BIGINT NOT NULL, offer BIGINT NOT NULL, affiliate BIGINT NOT NULL, traffic BIGINT NOT NULL, status TEXT NOT NULL,
		payout BIGINT NOT NULL, revenue BIGINT NOT NULL, sub2 TEXT NOT NULL, country TEXT NOT NULL, device TEXT NOT NULL)`
)

func besideIndexes() []string {
	return []string{
		`CREATE INDEX click_ms ON click (ms)`, `CREATE INDEX click_offer ON click (offer, ms)`, `CREATE INDEX click_affiliate ON click (affiliate, ms)`,
		`CREATE INDEX conversion_ms ON conversion (ms)`, `CREATE INDEX conversion_offer ON conversion (offer, ms)`,
		`CREATE INDEX conversion_affiliate ON conversion (affiliate, ms)`,
	}
}

func clickColumns() []string {
	return strings.Split("ms,id,offer,affiliate,visitor,traffic,turned_away,source,sub1,sub2,sub3,sub4,sub5,country,device,os,browser,"+
		"aff_click_id,referrer,user_agent,ip", ",")
}

func clickRow(c *fact.Click) []any {
	return []any{
		fact.Milli(c.ID.Time()), c.ID.String(), c.OfferID, c.AffiliateID, int64(c.Visitor), int64(c.Traffic()), //nolint:gosec // any 64 bits do
		c.TurnedAway, c.Source, c.Sub[0], c.Sub[1], c.Sub[2], c.Sub[3], c.Sub[4], c.Country, c.Device, c.OS, c.Browser,
		c.AffClickID, c.Referrer, c.UserAgent, c.IP,
	}
}

func saleColumns() []string {
	return strings.Split("ms,sign,offer,affiliate,traffic,status,payout,revenue,sub2,country,device", ",")
}

func saleRow(c *fact.Conversion) []any {
	return []any{
		fact.Milli(c.At), int64(c.Sign), c.OfferID, c.AffiliateID, int64(c.Traffic()), c.Status, c.Payout, c.Revenue, c.Sub[1], c.Country, c.Device,
	}
}

// asked is one report as two statements, one for clicks and one for
// conversions: what both databases answer quickest.
type asked struct {
	query
	group string // what rows are grouped by
	where string
	end   string
}

func besideQueries() []asked {
	all := wholeQueries()
	return []asked{
		{query: all[0], group: "ms / 86400000, offer"},
		{query: all[2], group: "sub2", where: "AND offer = 1", end: "ORDER BY 2 DESC LIMIT 100"},
		{query: all[4], group: "country, device", where: "AND affiliate = 3"},
	}
}

func (a *asked) statements() [2]string {
	return [2]string{
		fmt.Sprintf(`SELECT min(ms), count(*), %[1]s FROM click WHERE ms >= $1 AND ms < $2 AND traffic = 0 %[2]s GROUP BY %[1]s %[3]s`, a.group, a.where, a.end),
		fmt.Sprintf(`SELECT min(ms), sum(sign), %[1]s, sum(CASE WHEN status IN ('approved', 'paid') THEN sign ELSE 0 END),
			sum(CASE WHEN status IN ('approved', 'paid') THEN sign * payout ELSE 0 END),
			sum(CASE WHEN status IN ('approved', 'paid') THEN sign * revenue ELSE 0 END)
			FROM conversion WHERE ms >= $1 AND ms < $2 AND traffic < 4 AND status <> 'rejected' %[2]s GROUP BY %[1]s`, a.group, a.where),
	}
}

// compare measures the same reports on the same rows in SQLite, in PostgreSQL
// and in a warehouse as small.
func (t *warehouseTest) compare(ctx context.Context) (err error) {
	var all [3][]float64
	queries := besideQueries()
	if all[0], err = t.onWarehouse(ctx, queries); err != nil {
		return fmt.Errorf("warehouse: %w", err)
	}
	if all[1], err = t.onSQLite(ctx, queries); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	if !t.o.sqlite {
		if all[2], err = t.onPostgres(ctx, queries); err != nil {
			return fmt.Errorf("PostgreSQL: %w", err)
		}
	}
	tab := t.rep.table(fmt.Sprintf("Beside SQLite and PostgreSQL, on %s clicks", thousands(t.o.beside)),
		"report", "warehouse ms", "SQLite ms", "PostgreSQL ms", "SQLite takes", "PostgreSQL takes")
	for i := range queries {
		row := []any{queries[i].name}
		for _, engine := range all {
			row = append(row, cell(engine, i, "%.0f", 1))
		}
		for _, engine := range all[1:] {
			row = append(row, cell(engine, i, "%.0f ×", all[0][i]))
		}
		tab.row(row...)
	}
	tab.note("The same rows, medians of %d runs after one to warm up. The databases have indexes by time, by offer and time, and by affiliate and time, "+
		"a gigabyte of cache (SQLite) and 512 MB of shared buffers (PostgreSQL, vacuumed and analysed), and answer two statements, written by hand, for each report; "+
		"the warehouse answers the whole report, totals included.", t.o.runs)
	return nil
}

func cell(engine []float64, i int, format string, of float64) string {
	if engine == nil {
		return ""
	}
	return fmt.Sprintf(format, engine[i]/of)
}

// onWarehouse measures the reports on a warehouse of as many rows.
func (t *warehouseTest) onWarehouse(ctx context.Context, queries []asked) (ms []float64, err error) {
	w, err := duckwarehouse.Open(ctx, filepath.Join(t.dir, "beside.duckdb"), duckwarehouse.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := t.pour(ctx, w); err != nil {
		return nil, err
	}
	if err := w.Sort(ctx, historyUntil()); err != nil {
		return nil, err
	}
	small := *t
	small.w = w
	for _, q := range queries {
		_, took, err := small.times(ctx, q.query, t.o.runs)
		if err != nil {
			return nil, err
		}
		ms = append(ms, median(each(took, func(d time.Duration) float64 { return d.Seconds() * 1e3 })))
	}
	return ms, nil
}

// pour makes the traffic of this comparison.
func (t *warehouseTest) pour(ctx context.Context, w traffic.Warehouse) error {
	network, err := traffic.New(historyPlan(t.o.beside))
	if err != nil {
		return err
	}
	_, err = network.Fill(ctx, w, func(traffic.Count) {})
	return err
}

// onSQLite measures the reports on SQLite.
func (t *warehouseTest) onSQLite(ctx context.Context, queries []asked) (ms []float64, err error) {
	name := "file:" + filepath.Join(t.dir, "beside.sqlite") + "?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-1000000)"
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := execAll(ctx, db, besideClicks, besideConversions); err != nil {
		return nil, err
	}
	if err := t.pour(ctx, sqliteRows{db}); err != nil {
		return nil, err
	}
	if err := execAll(ctx, db, append(besideIndexes(), "ANALYZE")...); err != nil {
		return nil, err
	}
	return t.ask(ctx, db, queries)
}

func execAll(ctx context.Context, db *sql.DB, texts ...string) error {
	for _, text := range texts {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// ask runs each report's statements and reads every row.
func (t *warehouseTest) ask(ctx context.Context, db *sql.DB, queries []asked) (ms []float64, err error) {
	for _, q := range queries {
		from, to := historyUntil().AddDate(0, 0, -q.days).UnixMilli(), historyUntil().UnixMilli()
		var took []float64
		for i := range t.o.runs + 1 {
			began := time.Now()
			for _, text := range q.statements() {
				if err := readAll(ctx, db, text, from, to); err != nil {
					return nil, err
				}
			}
			if i > 0 {
				took = append(took, time.Since(began).Seconds()*1e3)
			}
		}
		ms = append(ms, median(took))
	}
	return ms, nil
}

func readAll(ctx context.Context, db *sql.DB, text string, args ...any) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(values...); err != nil {
			return err
		}
	}
	if rows.Err() == nil && n == 0 {
		return fmt.Errorf("%s: no rows", text)
	}
	return rows.Err()
}

// sqliteRows writes facts into SQLite.
type sqliteRows struct{ db *sql.DB }

// Positions has none: the database is new.
func (sqliteRows) Positions(context.Context) ([]fact.Position, error) { return nil, nil }

// Append writes a batch in one transaction.
func (s sqliteRows) Append(ctx context.Context, b fact.Batch) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := insert(ctx, tx, "click", clickColumns(), b.Clicks, clickRow); err != nil {
		return err
	}
	if err := insert(ctx, tx, "conversion", saleColumns(), b.Conversions, saleRow); err != nil {
		return err
	}
	return tx.Commit()
}

func insert[T any](ctx context.Context, tx *sql.Tx, table string, columns []string, rows []T, row func(*T) []any) error {
	marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ",")+") VALUES ("+marks+")") //nolint:gosec // names from here
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range rows {
		if _, err := stmt.ExecContext(ctx, row(&rows[i])...); err != nil {
			return err
		}
	}
	return nil
}

// onPostgres measures the reports on PostgreSQL.
func (t *warehouseTest) onPostgres(ctx context.Context, queries []asked) (ms []float64, err error) {
	c, stop, err := t.o.postgres(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := execAll(ctx, db, besideClicks, besideConversions); err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if err := t.pour(ctx, postgresRows{conn}); err != nil {
		return nil, err
	}
	if err := execAll(ctx, db, append(besideIndexes(), "VACUUM ANALYZE")...); err != nil {
		return nil, err
	}
	return t.ask(ctx, db, queries)
}

// postgresRows writes facts into PostgreSQL.
type postgresRows struct{ conn *pgx.Conn }

// Positions has none: the database is new.
func (postgresRows) Positions(context.Context) ([]fact.Position, error) { return nil, nil }

// Append writes a batch by COPY.
func (p postgresRows) Append(ctx context.Context, b fact.Batch) error {
	_, err := p.conn.CopyFrom(ctx, pgx.Identifier{"click"}, clickColumns(), pgx.CopyFromSlice(len(b.Clicks), func(i int) ([]any, error) {
		return clickRow(&b.Clicks[i]), nil
	}))
	if err != nil {
		return fmt.Errorf("copy clicks: %w", err)
	}
	_, err = p.conn.CopyFrom(ctx, pgx.Identifier{"conversion"}, saleColumns(), pgx.CopyFromSlice(len(b.Conversions), func(i int) ([]any, error) {
		return saleRow(&b.Conversions[i]), nil
	}))
	if err != nil {
		return fmt.Errorf("copy conversions: %w", err)
	}
	return nil
}
