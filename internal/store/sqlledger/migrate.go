package sqlledger

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"waybill/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema of db up to date. Nodes that start together take
// turns.
func migrate(ctx context.Context, e engine, db *sql.DB, log *slog.Logger) error {
	steps, err := steps(e)
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{
		goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true), goose.WithSlog(log),
	}
	dialect := goose.DialectSQLite3
	if e == postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return fmt.Errorf("lock the migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, nil, options...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the ledger: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's version: %w", err)
	}
	if newest := steps[len(steps)-1].Version; have > newest {
		return fault.New(fault.Invalid, "the ledger was written by a newer Waybill (schema %d, this one knows %d)", have, newest)
	}
	return nil
}

// steps gives the migrations for an engine. Each file is one transaction.
func steps(e engine) ([]*goose.Migration, error) {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	var all []*goose.Migration
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", f.Name(), err)
		}
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", f.Name(), err)
		}
		script := e.schema(string(text))
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, script)
				return err
			},
		}, nil))
	}
	return all, nil
}

// schema gives the engine's form of a migration: without the lines marked for
// the other engine, and with texts in the order of their bytes, which is
// SQLite's own, while PostgreSQL would take that of the server's language.
func (e engine) schema(text string) string {
	other := "-- " + string(postgres)
	if e == postgres {
		other = "-- " + string(sqliteEngine)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch bare := strings.TrimSpace(line); {
		case strings.HasPrefix(bare, "--") || strings.HasSuffix(bare, other):
		case e == postgres:
			b.WriteString(strings.ReplaceAll(line, " TEXT ", ` TEXT COLLATE "C" `))
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}
