package sqlledger

import (
	"context"
	"strings"
)

// rows inserts several rows by one statement.
type rows struct {
	head    string // INSERT … VALUES
	columns int
	tail    string // behind the values
	most    int    // rows in one statement, default mostRows
	args    []any
}

func (r *rows) add(values ...any) { r.args = append(r.args, values...) }

// mostRows is how many rows go into one statement by default; few, so that there
// are few different statements to be kept prepared.
const mostRows = 8

func (r *rows) run(ctx context.Context, s session) error {
	most := r.most
	if most == 0 {
		most = mostRows
	}
	for rest := r.args; len(rest) > 0; {
		n := min(len(rest)/r.columns, most)
		if err := s.later(ctx, s.texts.values(r, n), rest[:n*r.columns]...); err != nil {
			return err
		}
		rest = rest[n*r.columns:]
	}
	return nil
}

// valuesKey names a statement that inserts n rows.
type valuesKey struct {
	head, tail string
	n          int
}

// values gives the text that inserts n rows, made once.
func (t *texts) values(r *rows, n int) string {
	key := valuesKey{r.head, r.tail, n}
	if made, ok := t.made.Load(key); ok {
		return made.(string) //nolint:forcetypeassert // only strings are stored
	}
	var b strings.Builder
	b.WriteString(r.head)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + numbered(i*r.columns+1, r.columns) + ")")
	}
	b.WriteString(r.tail)
	t.made.Store(key, b.String())
	return b.String()
}

// columnsOf puts a table's short name in front of each column.
func columnsOf(table, columns string) string {
	names := strings.Split(columns, ",")
	for i, n := range names {
		names[i] = table + "." + strings.TrimSpace(n)
	}
	return strings.Join(names, ", ")
}
