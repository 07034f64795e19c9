package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"waybill/internal/fact"
	"waybill/internal/report"
	"waybill/internal/visitor"
)

// Anonymise takes what tells of a person out of the days that end before a
// time: the address and the agent of each visit. Days that are done it leaves
// alone.
func (w *Warehouse) Anonymise(ctx context.Context, before time.Time, a visitor.Anonymiser) error {
	condition := fmt.Sprintf("NOT anonymous AND tbl IN (%s, %s)", quote(fact.Clicks), quote(fact.Impressions))
	err := w.settle(ctx, before, condition, func(c *connection, d day) error {
		return errors.Join(w.rewrite(ctx, c, anonymous(w, d, a)), forget(ctx, c))
	})
	if err != nil {
		return fmt.Errorf("anonymise the warehouse: %w", err)
	}
	return nil
}

// anonymous is the revision of a day that keeps no address and no agent as it
// came. Each that occurs is looked at once.
func anonymous(w *Warehouse, d day, a visitor.Anonymiser) revision {
	return revision{
		day: d, marks: "sorted = true, anonymous = true",
		values: map[string]string{"ip": "coalesce(kept_ip.kept, '')", "user_agent": "coalesce(kept_user_agent.kept, '')"},
		from:   "LEFT JOIN kept_ip ON kept_ip.was = old.ip LEFT JOIN kept_user_agent ON kept_user_agent.was = old.user_agent",
		prepare: func(ctx context.Context, c *connection) error {
			return errors.Join(
				w.keep(ctx, c, d, "ip", func(s string) string { return address(a, s) }),
				w.keep(ctx, c, d, "user_agent", a.Agent),
			)
		},
	}
}

func address(a visitor.Anonymiser, s string) string {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	kept := a.Address(addr)
	if !kept.IsValid() {
		return ""
	}
	return kept.String()
}

// keeping is a value and what is kept of it.
type keeping struct{ was, kept string }

// keep makes the table of what is kept of each value of a column. The values
// are read on another connection, whose state is later than c's, so none is
// missed.
func (w *Warehouse) keep(ctx context.Context, c *connection, d day, column string, of func(string) string) error {
	table := "kept_" + column
	if _, err := c.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE %s (was VARCHAR, kept VARCHAR)", table)); err != nil {
		return err
	}
	reader, err := w.db.connect()
	if err != nil {
		return err
	}
	defer reader.close()
	a, err := newAppender(c, table, []fill[keeping]{
		texts(func(k *keeping) string { return k.was }), texts(func(k *keeping) string { return k.kept }),
	})
	if err != nil {
		return err
	}
	const some = 10_000
	var waiting []keeping
	err = reader.query(ctx, func(row report.Row) error {
		waiting = append(waiting, keeping{row[0].Text, of(row[0].Text)})
		if len(waiting) < some {
			return nil
		}
		defer func() { waiting = waiting[:0] }()
		return a.append(ctx, waiting)
	}, fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE %s", column, d.table, d.within()))
	if err == nil {
		err = a.append(ctx, waiting)
	}
	a.failed = a.failed || err != nil
	return errors.Join(err, a.close())
}

// forget drops the tables of what was kept of what: they hold what is to be
// gone.
func forget(ctx context.Context, c *connection) error {
	for _, table := range []string{"kept_ip", "kept_user_agent"} {
		if _, err := c.exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+table); err != nil {
			return err
		}
	}
	return nil
}
