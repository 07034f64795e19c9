package sqlledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
)

// replayStep is how many deliveries a job goes through in one transaction, few
// enough that conversions are not held up.
const replayStep = 500

// undoSteps is how many steps are done at once when a job is undone: what is left
// after them is up to StepReplay.
const undoSteps = 10

// BeginReplay begins a job that sends again what a filter fits and is not
// waiting, of what was made until now. StepReplay carries it out.
func (db *DB) BeginReplay(ctx context.Context, f delivery.Filter, actor string, now time.Time) (delivery.ReplayJob, error) {
	if err := f.Replay(); err != nil {
		return delivery.ReplayJob{}, err
	}
	return db.beginJob(ctx, delivery.ReplayJob{Action: delivery.ActionReplay, Filter: f, Actor: actor, CreatedAt: now})
}

// BeginWithdraw begins a job that takes back what a filter fits and waits or is
// parked, of what was made until now.
func (db *DB) BeginWithdraw(ctx context.Context, f delivery.Filter, actor string, now time.Time) (delivery.ReplayJob, error) {
	if err := f.Withdraw(); err != nil {
		return delivery.ReplayJob{}, err
	}
	return db.beginJob(ctx, delivery.ReplayJob{Action: delivery.ActionWithdraw, Filter: f, Actor: actor, CreatedAt: now})
}

func (db *DB) beginJob(ctx context.Context, j delivery.ReplayJob) (delivery.ReplayJob, error) {
	const insert = `
		INSERT INTO replay_job (id, affiliate_id, advertiser_id, action, filter, actor, state, total, done, skipped,
			undone, created_at, finished_at, through_at, through_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $9, 0, 0, '')`
	j.CreatedAt, j.State = instant(micros(j.CreatedAt)), delivery.ReplayRunning
	if end := j.CreatedAt.Add(time.Microsecond); j.Filter.Until.IsZero() || j.Filter.Until.After(end) {
		j.Filter.Until = end
	}
	filter, err := json.Marshal(j.Filter)
	if err == nil {
		j.Total, err = db.countDeliveries(ctx, &j.Filter)
	}
	if err == nil {
		err = db.write(ctx, func(ctx context.Context, s session) error {
			n, err := nextNumber(ctx, s, "replay_job")
			if err != nil {
				return err
			}
			j.ID = jobID(n)
			_, err = s.exec(ctx, insert, n, j.Filter.AffiliateID, j.Filter.AdvertiserID, string(j.Action), string(filter), j.Actor,
				string(j.State), j.Total, micros(j.CreatedAt))
			return err
		})
	}
	return j, db.failed(err, "begin a job")
}

// jobID is how the number of a job is written; 0 is none.
func jobID(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func jobNumber(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return 0, notFound("job " + id)
	}
	return n, nil
}

const jobColumns = `id, action, filter, actor, state, total, done, skipped, undone, created_at, finished_at`

func scanJob(read scan) (j delivery.ReplayJob, n int64, err error) {
	var filter string
	var created, finished int64
	err = read(&n, &j.Action, &filter, &j.Actor, &j.State, &j.Total, &j.Done, &j.Skipped, &j.Undone, &created, &finished)
	if err != nil {
		return j, n, err
	}
	j.ID, j.CreatedAt, j.FinishedAt = jobID(n), instant(created), instant(finished)
	return j, n, json.Unmarshal([]byte(filter), &j.Filter)
}

// ReplayJob gives one job.
func (db *DB) ReplayJob(ctx context.Context, id string) (delivery.ReplayJob, error) {
	n, err := jobNumber(id)
	if err != nil {
		return delivery.ReplayJob{}, err
	}
	j, err := jobOf(ctx, db.read(), n)
	return j, db.failed(err, "read job %s", id)
}

func jobOf(ctx context.Context, s session, n int64) (j delivery.ReplayJob, err error) {
	found := false
	err = s.query(ctx, func(row scan) (err error) {
		found = true
		j, _, err = scanJob(row)
		return err
	}, `SELECT `+jobColumns+` FROM replay_job WHERE id = $1`, n)
	if err == nil && !found {
		err = notFound("job " + jobID(n))
	}
	return j, err
}

// ReplayJobs lists the jobs about an owner's postbacks, those of the network about
// anybody's, the latest first, and gives the cursor of the next page, empty behind
// the last.
func (db *DB) ReplayJobs(ctx context.Context, owner delivery.Owner, p Page) ([]delivery.ReplayJob, string, error) {
	q := newSelection(`SELECT `+jobColumns+` FROM replay_job`, "id")
	q.number("affiliate_id", owner.AffiliateID)
	q.number("advertiser_id", owner.AdvertiserID)
	if p.Cursor != "" {
		n, err := jobNumber(p.Cursor)
		if err != nil {
			return nil, "", badCursor()
		}
		q.where("id < ?", n)
	}
	var all []delivery.ReplayJob
	err := db.read().query(ctx, func(row scan) error {
		j, _, err := scanJob(row)
		all = append(all, j)
		return err
	}, q.withConditions()+fmt.Sprintf(" ORDER BY id DESC LIMIT %d", p.limit()+1), q.args...)
	if err != nil || len(all) <= p.limit() {
		return all, "", db.failed(err, "list jobs")
	}
	all = all[:p.limit()]
	return all, all[len(all)-1].ID, nil
}

// CancelReplay stops a job that is running. What it has done stays.
func (db *DB) CancelReplay(ctx context.Context, id string) (delivery.ReplayJob, error) {
	const update = `UPDATE replay_job SET state = 'cancelled', finished_at = $2 WHERE id = $1 AND state = 'running'`
	j, err := db.turnJob(ctx, id, "it is not running any more", update, micros(db.now()))
	return j, db.failed(err, "cancel job %s", id)
}

// UndoReplay stops a job and puts back what it has done: what was not sent since
// is as it was before. With many that goes on, step by step, after it has
// returned.
func (db *DB) UndoReplay(ctx context.Context, id string) (delivery.ReplayJob, error) {
	const update = `
		UPDATE replay_job SET state = 'undoing', finished_at = 0, through_id = ''
		WHERE id = $1 AND state IN ('running', 'done', 'cancelled')`
	j, err := db.turnJob(ctx, id, "it is undone already", update)
	if err != nil {
		return j, db.failed(err, "undo job %s", id)
	}
	n, err := jobNumber(id)
	for i := 0; i < undoSteps && err == nil && j.State == delivery.ReplayUndoing; i++ {
		if err = db.undoStep(ctx, n, j.Action, db.now()); err == nil {
			j, err = jobOf(ctx, db.read(), n)
		}
	}
	return j, db.failed(err, "undo job %s", id)
}

// turnJob changes the state of a job, and gives it as it is then. It is a Conflict
// where the update, whose first argument is the job's number, changes nothing.
func (db *DB) turnJob(ctx context.Context, id, conflict, update string, args ...any) (j delivery.ReplayJob, err error) {
	n, err := jobNumber(id)
	if err != nil {
		return j, err
	}
	err = db.write(ctx, func(ctx context.Context, s session) error {
		changed, err := s.exec(ctx, update, append([]any{n}, args...)...)
		if err != nil {
			return err
		}
		j, err = jobOf(ctx, s, n)
		if err == nil && changed == 0 {
			err = fault.New(fault.Conflict, "job %s is %s: %s", id, j.State, conflict)
		}
		return err
	})
	return j, err
}

// StepReplay carries the first of the open jobs on by one step, and reports
// whether any is left. Several nodes may do so at once.
func (db *DB) StepReplay(ctx context.Context, now time.Time) (more bool, err error) {
	const open = `
		SELECT ` + jobColumns + `, through_at, through_id FROM replay_job
		WHERE state = 'running' OR state = 'undoing' ORDER BY id LIMIT 1`
	var j delivery.ReplayJob
	var n int64
	var through place
	found := false
	err = db.read().query(ctx, func(row scan) (err error) {
		found = true
		j, n, err = scanJob(func(dest ...any) error { return row(append(dest, &through.at, &through.id)...) })
		return err
	}, open)
	switch {
	case err != nil || !found:
	case j.State == delivery.ReplayUndoing:
		err = db.undoStep(ctx, n, j.Action, now)
	default:
		err = db.doStep(ctx, n, &j, through, now)
	}
	return found, db.failed(err, "carry on job %s", j.ID)
}

// doStep takes the next deliveries of a running job. They are looked for before
// the transaction, and changed in it if nobody else has taken them meanwhile.
func (db *DB) doStep(ctx context.Context, n int64, j *delivery.ReplayJob, from place, now time.Time) error {
	const finish = `UPDATE replay_job SET state = 'done', finished_at = $2 WHERE id = $1 AND state = 'running'`
	const advance = `
		UPDATE replay_job SET through_at = $2, through_id = $3
		WHERE id = $1 AND state = 'running' AND through_at = $4 AND through_id = $5`
	const count = `UPDATE replay_job SET done = done + $2, skipped = skipped + $3 WHERE id = $1`
	batch, err := db.pick(ctx, &j.Filter, from, replayStep)
	if err != nil {
		return err
	}
	return db.write(ctx, func(ctx context.Context, s session) error {
		if len(batch) == 0 {
			return s.later(ctx, finish, n, micros(now))
		}
		last := &batch[len(batch)-1]
		taken, err := s.exec(ctx, advance, n, micros(last.CreatedAt), last.ID, from.at, from.id)
		if err != nil || taken == 0 {
			return err
		}
		done, err := db.act(ctx, s, n, j.Action, batch, now)
		if err != nil {
			return err
		}
		return s.later(ctx, count, n, done, int64(len(batch))-done)
	})
}

// act does with deliveries what a job is for, and gives how many it has changed.
func (db *DB) act(ctx context.Context, s session, n int64, a delivery.JobAction, batch []delivery.Owed, now time.Time) (done int64, err error) {
	text := replayOf + ` WHERE id IN (` + db.engine.unlocked(idsTogether, `state <> 'waiting'`) + `)`
	if a == delivery.ActionWithdraw {
		text = withdrawOf + ` WHERE id IN (` + db.engine.unlocked(idsTogether, `state IN ('waiting', 'parked') AND leased_until <= $1`) + `)`
	}
	ids := make([]string, len(batch))
	for i := range batch {
		ids[i] = batch[i].ID
	}
	for rest := ids; len(rest) > 0; {
		var args []any
		args, rest = named([]any{micros(now), n}, rest)
		changed, err := s.exec(ctx, text, args...)
		if err != nil {
			return 0, err
		}
		done += changed
	}
	if a == delivery.ActionWithdraw {
		return done, release(ctx, s, ids)
	}
	return done, nil
}

// unlocked selects, of n deliveries named from argument 3 on, those that meet a
// condition and that nobody else is changing.
func (e engine) unlocked(n int, condition string) string {
	return `SELECT id FROM delivery WHERE id IN (` + numbered(3, n) + `) AND ` + condition + e.skipLocked()
}

// undoStep puts back the next deliveries of a job that is being undone: those that
// wait by it and were not tried since, or were withdrawn by it. What is under way
// is left alone.
func (db *DB) undoStep(ctx context.Context, n int64, a delivery.JobAction, now time.Time) error {
	const advance = `
		UPDATE replay_job SET undone = undone + $2, through_id = $3
		WHERE id = $1 AND state = 'undoing'`
	const finish = `UPDATE replay_job SET state = 'undone', finished_at = $2 WHERE id = $1 AND state = 'undoing'`
	const back = `
		UPDATE delivery SET state = before_state, due_at = before_due, claim_at = before_due, done_at = before_done,
			replayed = before_replayed, replay_job = 0, leased_until = 0
		WHERE id IN (`
	condition := `state = 'waiting' AND attempts = replayed AND leased_until <= $2`
	if a == delivery.ActionWithdraw {
		condition = `state = 'withdrawn' AND leased_until <= $2`
	}
	pick := `
		SELECT id FROM delivery
		WHERE replay_job = $1 AND replay_job <> 0 AND id > $3 AND ` + condition + `
		ORDER BY id LIMIT ` + strconv.Itoa(replayStep) + db.engine.skipLocked()
	const through = `SELECT through_id FROM replay_job WHERE id = $1 AND state = 'undoing'`
	return db.write(ctx, func(ctx context.Context, s session) error {
		var from string
		held, err := s.get(ctx, []any{&from}, through+db.engine.forUpdate(), n)
		if err != nil || !held {
			return err
		}
		var ids []string
		err = s.query(ctx, func(row scan) error {
			var id string
			err := row(&id)
			ids = append(ids, id)
			return err
		}, `WITH picked AS (`+pick+`)`+back+`SELECT p.id FROM picked p) RETURNING id`, n, micros(now), from)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return s.later(ctx, finish, n, micros(now))
		}
		last := from
		for _, id := range ids {
			last = max(last, id)
		}
		if err := release(ctx, s, ids); err != nil {
			return err
		}
		return s.later(ctx, advance, n, int64(len(ids)), last)
	})
}
