package sqlledger

import (
	"sync/atomic"
	"time"
)

// Stats are totals since the ledger was opened.
type Stats struct {
	Commits      uint64        // transactions of the database
	Transactions uint64        // writes in them; on SQLite several share a commit
	Failed       uint64        // commits that did not come about
	Retried      uint64        // transactions run again
	CommitTime   time.Duration // spent in commits
}

type counts struct {
	commits, transactions, failed, retried atomic.Uint64
	commitTime                             atomic.Int64
}

func (c *counts) commit(writes int, took time.Duration) {
	c.commits.Add(1)
	c.transactions.Add(uint64(writes)) //nolint:gosec // a length
	c.commitTime.Add(int64(took))
}

// Stats gives the ledger's totals.
func (db *DB) Stats() Stats {
	return Stats{
		Commits:      db.stats.commits.Load(),
		Transactions: db.stats.transactions.Load(),
		Failed:       db.stats.failed.Load(),
		Retried:      db.stats.retried.Load(),
		CommitTime:   time.Duration(db.stats.commitTime.Load()),
	}
}
