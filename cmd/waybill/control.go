package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/fault"
)

// A running node holds the locks of its stores, so commands beside it ask it to
// do their work, over a socket in the data folder that only its owner may use.
// Without a running node they open the stores and do the same work themselves.

// socketName lies in the data folder.
const socketName = "waybill.sock"

// task is a piece of work that a command wants done on an installation. Its
// fields are what the command line said; what it prints goes to the command's
// standard output.
type task interface {
	name() string
	// creates reports whether the task may begin with an empty data folder.
	creates() bool
	do(ctx context.Context, in *installation, out io.Writer) error
}

// tasks lists what a node does for commands.
func tasks() []func() task {
	return []func() task{
		func() task { return new(keyCreate) },
		func() task { return new(check) },
		func() task { return new(backup) },
		func() task { return new(rotateKey) },
		func() task { return new(resume) },
		func() task { return new(inspect) },
		func() task { return new(rebuild) },
		func() task { return new(export) },
		func() task { return new(userCreate) },
		func() task { return new(userLink) },
		func() task { return new(ownerLink) },
	}
}

// frame is one line of a node's answer: something to print, or the end.
type frame struct {
	Out   []byte `json:"out,omitempty"`
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
	Kind  string `json:"kind,omitempty"` // of the error
}

// loseKind is the kind of an error that is a loseError.
const loseKind = "would_lose"

// perform does t on the installation in c's data folder, through the running
// node if there is one.
func perform(e *env, c common, t task) error {
	return performReporting(e, c, reporting{Warehouse: noWarehouse}, t)
}

// performReporting does a task that touches the warehouse: a running node's own,
// or the one that r names.
func performReporting(e *env, c common, r reporting, t task) error {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(e.ctx, "unix", filepath.Join(c.Data, socketName))
	if err == nil {
		defer conn.Close() //nolint:errcheck // nothing was written that could be lost
		return ask(e, conn, t)
	}
	in, err := openInstallation(e, c, t.creates(), r.MinFreeMiB)
	if err != nil {
		return err
	}
	in.reportsFrom(r)
	return errors.Join(t.do(e.ctx, in, e.stdout), in.close())
}

// ask sends t to a node and prints its answer as it comes.
func ask(e *env, conn net.Conn, t task) error {
	body, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("ask the running node: %w", err)
	}
	r, err := http.NewRequestWithContext(e.ctx, http.MethodPost, "http://waybill/"+t.name(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the running node: %w", err)
	}
	client := http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("ask the running node: %w", err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("the running node broke off its answer: %w", err)
		}
		var f frame
		if err := json.Unmarshal(line, &f); err != nil {
			return fmt.Errorf("read the running node's answer: %w", err)
		}
		if _, err := e.stdout.Write(f.Out); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		if f.Done {
			return f.failure()
		}
	}
}

// failure gives the error that a task ended with on the node.
func (f frame) failure() error {
	switch f.Kind {
	case "":
		return nil
	case "said":
		return errSaid
	case loseKind:
		return loseError{fault.New(fault.Conflict, "%s", f.Error)}
	case fault.Invalid.String():
		return fault.New(fault.Invalid, "%s", f.Error)
	case fault.Conflict.String():
		return fault.New(fault.Conflict, "%s", f.Error)
	case fault.Unavailable.String():
		return fault.New(fault.Unavailable, "%s", f.Error)
	default:
		return errors.New(f.Error)
	}
}

// end makes the frame that ends an answer.
func end(err error) frame {
	f := frame{Done: true}
	switch {
	case err == nil:
	case errors.Is(err, errSaid):
		f.Kind = "said"
	default:
		f.Kind, f.Error = fault.Of(err).String(), err.Error()
		if _, loses := errors.AsType[loseError](err); loses {
			f.Kind = loseKind
		}
	}
	return f
}

// frames writes each print as one frame and sends it at once.
type frames struct{ w http.ResponseWriter }

// Write sends p as one frame.
func (f frames) Write(p []byte) (int, error) { return len(p), f.send(frame{Out: p}) }

// send sends one frame.
func (f frames) send(one frame) error {
	if err := json.NewEncoder(f.w).Encode(one); err != nil {
		return err
	}
	return http.NewResponseController(f.w).Flush()
}

// controlHandler answers tasks on in.
func controlHandler(in *installation) http.Handler {
	mux := http.NewServeMux()
	for _, fresh := range tasks() {
		mux.HandleFunc("POST /"+fresh().name(), func(w http.ResponseWriter, r *http.Request) {
			t, out := fresh(), frames{w}
			err := json.NewDecoder(r.Body).Decode(t)
			if err == nil {
				err = t.do(r.Context(), in, out)
			}
			if err != nil && r.Context().Err() != nil {
				err = fault.Because(err, fault.Unavailable, "the node stopped before this was done")
			}
			_ = out.send(end(err)) // a command that hung up needs no answer
		})
	}
	return mux
}

// listenControl opens the socket, in place of one that a dead node left behind.
// The journal's lock makes sure that no living node uses it.
func listenControl(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	l, err := net.Listen("unix", path) //nolint:noctx // a local socket opens at once
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open the control socket: %w", err), l.Close())
	}
	return l, nil
}
