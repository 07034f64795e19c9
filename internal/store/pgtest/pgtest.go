// Package pgtest gives tests a PostgreSQL server of their own: a cluster in a
// temporary folder, durable like a real one, that can also be killed and
// started again. It is imported by tests only.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestSomething(t *testing.T) {
//		url := pgtest.URL(t) // an empty database, gone when the test ends
//	}
//
// The server is started when the first test asks for it. A machine without
// PostgreSQL fails the test and says what to install: nothing is skipped.
package pgtest

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
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that tests connect with
)

const (
	startLimit = 60 * time.Second
	install    = "PostgreSQL is not installed; run: apt-get install -y postgresql"
)

// Cluster is one server.
type Cluster struct {
	bin    string // folder of the server's programs
	dir    string
	port   int
	owner  *syscall.Credential // who runs it; nil for ourselves
	server *exec.Cmd
	exited chan error
	next   int
	mu     sync.Mutex
}

// shared is the cluster of this test binary.
var shared struct { //nolint:gochecknoglobals // so that all tests of a binary share one server
	once    sync.Once
	cluster *Cluster
	err     error
	fill    sync.Once // of the template
	unfit   error
}

// Main runs a package's tests and then stops the server that they have used.
func Main(m *testing.M) int {
	code := m.Run()
	if c := shared.cluster; c != nil {
		if err := c.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// URL gives an empty database of the shared server. It is dropped when the test
// ends.
func URL(t testing.TB) string {
	t.Helper()
	return common(t).URL(t)
}

// Copy gives a database of the shared server that prepare has filled: it is run
// once, and every test gets a copy of what it has made. It must leave no
// connection open. The copy is dropped when the test ends.
func Copy(t testing.TB, prepare func(url string) error) string {
	t.Helper()
	c := common(t)
	shared.fill.Do(func() {
		if shared.unfit = c.admin("CREATE DATABASE filled"); shared.unfit == nil {
			shared.unfit = prepare(c.url("filled"))
		}
	})
	if shared.unfit != nil {
		t.Fatalf("pgtest: fill the template: %v", shared.unfit)
	}
	return c.create(t, "filled")
}

func common(t testing.TB) *Cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = New() })
	if shared.err != nil {
		t.Fatalf("pgtest: %v", shared.err)
	}
	return shared.cluster
}

// Own gives a server that no other test uses, to be stopped and started.
func Own(t testing.TB) *Cluster {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return c
}

// New makes a cluster and starts it.
func New() (*Cluster, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir}
	if err := c.make(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// find gives the folder of the server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
				return filepath.Dir(path), nil
			}
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New(install)
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// make lays out the cluster's folder. PostgreSQL refuses to run as root, so root
// hands it to somebody else.
func (c *Cluster) make() error {
	if os.Getuid() == 0 {
		owner, err := unprivileged()
		if err != nil {
			return err
		}
		c.owner = owner
		if err := os.Chown(c.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	c.port = port
	initdb := c.command("initdb", "--pgdata", c.data(), "--username", "waybill", "--auth", "trust",
		"--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	return port, l.Close()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.bin, program), args...) //nolint:gosec // the server's own programs
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	if c.owner != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	}
	return cmd
}

// Start starts the server and waits until it answers.
func (c *Cluster) Start() error {
	server := c.command("postgres", "-D", c.data(), "-p", strconv.Itoa(c.port), "-h", "127.0.0.1", "-k", c.dir,
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "log_min_messages=panic")
	c.exited = make(chan error, 1)
	if err := server.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.server = server
	go func() { c.exited <- server.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it has only been asked
	for tick := time.Tick(20 * time.Millisecond); ; {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case exit := <-c.exited:
			return fmt.Errorf("postgres ended on its own: %w", exit)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("postgres does not answer: %w", err), c.Kill())
		case <-tick:
		}
	}
}

// Kill ends the server at once, as a power cut does, and cuts all connections.
func (c *Cluster) Kill() error { return c.end(syscall.SIGQUIT) }

// Stop ends the server in good order, cutting all connections.
func (c *Cluster) Stop() error { return c.end(syscall.SIGINT) }

func (c *Cluster) end(s syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	if err := c.server.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres: %w", err)
	}
	<-c.exited //nolint:errcheck // how it ended is not asked
	c.server = nil
	return nil
}

// Pause stops the server's processes without cutting its connections, like a
// machine that hangs; Resume lets them go on.
func (c *Cluster) Pause(url string) (resume func() error, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // it has only been asked
	rows, err := db.QueryContext(context.Background(), "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	pids := []int{c.server.Process.Pid}
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	each := func(s syscall.Signal) (err error) {
		for _, pid := range pids {
			err = errors.Join(err, syscall.Kill(pid, s))
		}
		return err
	}
	return func() error { return each(syscall.SIGCONT) }, each(syscall.SIGSTOP)
}

// Remove ends the server and deletes its data.
func (c *Cluster) Remove() error {
	return errors.Join(c.Kill(), os.RemoveAll(c.dir))
}

func (c *Cluster) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("waybill"), Path: "/" + database,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), RawQuery: "sslmode=disable",
	}
	return u.String()
}

// URL gives an empty database of the server. It is dropped when the test ends,
// if the server runs then.
func (c *Cluster) URL(t testing.TB) string {
	t.Helper()
	return c.create(t, "template1")
}

func (c *Cluster) create(t testing.TB, template string) string {
	t.Helper()
	c.mu.Lock()
	c.next++
	name := fmt.Sprintf("test%d", c.next)
	c.mu.Unlock()
	if err := c.admin("CREATE DATABASE " + name + " TEMPLATE " + template); err != nil {
		t.Fatalf("pgtest: create a database: %v", err)
	}
	t.Cleanup(func() {
		if c.server == nil {
			return
		}
		if err := c.admin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop a database: %v", err)
		}
	})
	return c.url(name)
}

func (c *Cluster) admin(statement string) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), statement)
	return errors.Join(err, db.Close())
}
