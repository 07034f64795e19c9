package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that databases are created with
)

// cluster is a PostgreSQL server with the settings it is delivered with, but for
// more memory; its commits are as durable as anybody's.
type cluster struct {
	*child
	address string
	next    int
}

// postgres starts a cluster in a folder of its own, and gives what stops it and
// removes the folder.
func (o *options) postgres(ctx context.Context) (c *cluster, stop func() error, err error) {
	dir, remove, err := o.folder("postgres")
	if err != nil {
		return nil, nil, err
	}
	if c, err = startPostgres(ctx, dir); err != nil {
		remove()
		return nil, nil, err
	}
	return c, func() error {
		defer remove()
		return c.stop()
	}, nil
}

// startPostgres makes a cluster in an empty folder and starts it. PostgreSQL
// does not run as root, so root gives the folder away.
func startPostgres(ctx context.Context, dir string) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	owner, err := handOver(dir)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...) //nolint:gosec // PostgreSQL's programs
		cmd.Dir, cmd.Env = dir, []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := command("initdb", "--pgdata", data, "--username", "waybill", "--auth", "trust", "--encoding", "UTF8", "--no-locale").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("make a PostgreSQL cluster: %w\n%s", err, out)
	}
	server := command("postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", "", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB")
	c := &cluster{address: address}
	if c.child, err = start(ctx, dir, "postgres", server); err != nil {
		return nil, err
	}
	if err := c.await(ctx); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// findPostgres gives the folder of the server's programs, which Debian keeps
// out of PATH.
func findPostgres() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("find PostgreSQL: it is not installed; script/need postgres installs it")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// handOver gives a folder of root's to the user postgres, and says who the
// server runs as: nil for ourselves.
func handOver(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nil is who runs this
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find a user for PostgreSQL: %w", err)
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, fmt.Errorf("give PostgreSQL its folder: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// url names one of the server's databases.
func (c *cluster) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("waybill"), Host: c.address, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// await waits until the server answers.
func (c *cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for tick := time.Tick(20 * time.Millisecond); ; {
		err := c.run(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return errors.Join(errors.New("PostgreSQL ended before it answered"), c.failure())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-tick:
		}
	}
}

// run runs one statement.
func (c *cluster) run(ctx context.Context, statement string) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// database creates an empty database and gives its URL.
func (c *cluster) database(ctx context.Context) (string, error) {
	c.next++
	name := fmt.Sprintf("bench%d", c.next)
	if err := c.run(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return c.url(name), nil
}
