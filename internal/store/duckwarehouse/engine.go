package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"waybill/internal/fault"
	"waybill/internal/report"
)

// interruptEvery is how often a statement that was to stop is told so again:
// DuckDB forgets an interrupt that falls between two of its phases.
const interruptEvery = 20 * time.Millisecond

// database is one open DuckDB file.
//
// It goes below database/sql, to the functions that the driver itself is made
// of: there a batch is written column by column and a result is read as it
// comes, and a statement ends as soon as its context does.
type database struct{ handle mapping.Database }

// openDatabase opens a file with settings of DuckDB. One process opens a file
// once, however often it asks: the file's lock does not hold within a process.
func openDatabase(path string, settings map[string]string) (*database, error) {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return nil, errors.New("make DuckDB's settings")
	}
	defer mapping.DestroyConfig(&config)
	for name, value := range settings {
		if mapping.SetConfig(config, name, value) == mapping.StateError {
			return nil, fault.At(name, "DuckDB does not take %q", value)
		}
	}
	var db database
	var message string
	if mapping.GetOrCreateFromCache(duckdb.GetInstanceCache(), path, &db.handle, config, &message) == mapping.StateError {
		mapping.Close(&db.handle)
		return nil, explain(message)
	}
	return &db, nil
}

func (db *database) close() { mapping.Close(&db.handle) }

func (db *database) connect() (*connection, error) {
	c := new(connection)
	if mapping.Connect(db.handle, &c.handle) == mapping.StateError {
		return nil, fault.New(fault.Unavailable, "the warehouse takes no connection; if that does not pass, %s", advice)
	}
	return c, nil
}

// connection runs one statement at a time.
type connection struct{ handle mapping.Connection }

func (c *connection) close() { mapping.Disconnect(&c.handle) }

// while runs do, a call into DuckDB, and interrupts it when ctx is done. It
// returns when do does, and ctx's error if that is why. A panic of do passes
// through it, and nothing is interrupted any more.
func (c *connection) while(ctx context.Context, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := c.guarded(ctx, do)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// guarded runs do, and interrupts it when ctx is done.
func (c *connection) guarded(ctx context.Context, do func() error) error {
	done, ended := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		c.interrupt(done)
	})
	defer func() {
		close(done)
		if !stop() {
			<-ended // its interrupt must not meet the next statement, nor a connection that is gone
		}
	}()
	return do()
}

// interrupt stops what runs, again and again until done is closed.
func (c *connection) interrupt(done <-chan struct{}) {
	again := time.NewTicker(interruptEvery)
	defer again.Stop()
	for {
		mapping.Interrupt(c.handle)
		select {
		case <-done:
			return
		case <-again.C:
		}
	}
}

// exec runs one statement and gives how many rows it changed.
func (c *connection) exec(ctx context.Context, text string, args ...any) (int64, error) {
	var changed int64
	err := c.while(ctx, func() error {
		var err error
		changed, err = c.execute(text, args)
		return err
	})
	return changed, err
}

// execute runs one statement to its end, whatever becomes of the caller.
func (c *connection) execute(text string, args []any) (int64, error) {
	stmt, err := c.prepare(text, args)
	if err != nil {
		return 0, err
	}
	defer mapping.DestroyPrepare(&stmt)
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.ExecutePrepared(stmt, &res) == mapping.StateError {
		return 0, explain(mapping.ResultError(&res))
	}
	return int64(mapping.RowsChanged(&res)), nil //nolint:gosec // a count of rows
}

// query runs one statement and hands its rows to each as they come. each must
// not keep the slice, nor use the connection.
func (c *connection) query(ctx context.Context, each func(report.Row) error, text string, args ...any) error {
	return c.while(ctx, func() error {
		stmt, err := c.prepare(text, args)
		if err != nil {
			return err
		}
		defer mapping.DestroyPrepare(&stmt)
		var pending mapping.PendingResult
		defer mapping.DestroyPending(&pending)
		if bindings.PendingPreparedStreaming(stmt, &pending) == mapping.StateError {
			return explain(mapping.PendingError(pending))
		}
		var res mapping.Result
		defer mapping.DestroyResult(&res)
		if mapping.ExecutePending(pending, &res) == mapping.StateError {
			return explain(mapping.ResultError(&res))
		}
		return readRows(ctx, &res, each)
	})
}

// ahead is how many chunks of a result are fetched before they are asked for.
const ahead = 2

// readRows reads a result chunk by chunk. While each has the rows of one, the next
// is fetched: of what is written out row by row, the query and the writing take
// about as long.
func readRows(ctx context.Context, res *mapping.Result, each func(report.Row) error) error {
	var failed error // set before chunks is closed
	chunks, enough := make(chan mapping.DataChunk, ahead), make(chan struct{})
	go func() {
		defer close(chunks)
		failed = fetch(res, chunks, enough)
	}()
	err := func() error {
		// Also where a reader panics: the result goes with its caller.
		defer func() {
			close(enough)
			for chunk := range chunks {
				mapping.DestroyDataChunk(&chunk)
			}
		}()
		return readChunks(ctx, chunks, make(report.Row, mapping.ColumnCount(res)), each)
	}()
	if err != nil {
		return err
	}
	return failed
}

// fetch fetches chunks until there is none, or enough is closed.
func fetch(res *mapping.Result, chunks chan<- mapping.DataChunk, enough <-chan struct{}) error {
	for {
		chunk := mapping.FetchChunk(*res)
		if chunk.Ptr == nil {
			if message := mapping.ResultError(res); message != "" {
				return explain(message)
			}
			return nil
		}
		select {
		case chunks <- chunk:
		case <-enough:
			mapping.DestroyDataChunk(&chunk)
			return nil
		}
	}
}

func readChunks(ctx context.Context, chunks <-chan mapping.DataChunk, row report.Row, each func(report.Row) error) error {
	for chunk := range chunks {
		if err := readChunk(chunk, row, each); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// one runs a statement whose answer is one row.
func (c *connection) one(ctx context.Context, text string) (report.Row, error) {
	var row report.Row
	err := c.query(ctx, func(r report.Row) error {
		row = append(row[:0], r...)
		return nil
	}, text)
	if err == nil && row == nil {
		err = fault.New(fault.NotFound, "no row")
	}
	return row, err
}

// prepare makes a statement of one text and its arguments $1, $2 and so on.
func (c *connection) prepare(text string, args []any) (mapping.PreparedStatement, error) {
	var stmt mapping.PreparedStatement
	if mapping.Prepare(c.handle, text, &stmt) == mapping.StateError {
		err := explain(mapping.PrepareError(stmt))
		mapping.DestroyPrepare(&stmt)
		return stmt, err
	}
	for i, arg := range args {
		if err := bind(stmt, i, arg); err != nil {
			mapping.DestroyPrepare(&stmt)
			return stmt, err
		}
	}
	return stmt, nil
}

// bind sets an argument by its name, which is its number: DuckDB numbers
// parameters in the order in which the text first uses them.
func bind(stmt mapping.PreparedStatement, i int, arg any) error {
	var index mapping.IdxT
	if mapping.BindParameterIndex(stmt, &index, strconv.Itoa(i+1)) == mapping.StateError {
		return fmt.Errorf("the statement has no $%d", i+1)
	}
	var state mapping.State
	switch v := arg.(type) {
	case int64:
		state = mapping.BindInt64(stmt, index, v)
	case int:
		state = mapping.BindInt64(stmt, index, int64(v))
	case int32:
		state = mapping.BindInt32(stmt, index, v)
	case uint64:
		state = mapping.BindUInt64(stmt, index, v)
	case float64:
		state = mapping.BindDouble(stmt, index, v)
	case bool:
		state = mapping.BindBoolean(stmt, index, v)
	case string:
		state = mapping.BindVarchar(stmt, index, v)
	case nil:
		state = mapping.BindNull(stmt, index)
	default:
		return fmt.Errorf("$%d is of type %T, which is not bound", i+1, arg)
	}
	if state == mapping.StateError {
		return fmt.Errorf("bind $%d: %w", i+1, explain(mapping.PrepareError(stmt)))
	}
	return nil
}

// transaction runs do between BEGIN and COMMIT. When do fails nothing of it
// stays.
func (c *connection) transaction(ctx context.Context, do func() error) error {
	if _, err := c.exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	whole := context.WithoutCancel(ctx) // what ends a transaction is not to be stopped half-way
	if err := do(); err != nil {
		if _, again := c.exec(whole, "ROLLBACK"); again != nil {
			return errors.Join(err, again)
		}
		return err
	}
	_, err := c.exec(whole, "COMMIT")
	return err
}
