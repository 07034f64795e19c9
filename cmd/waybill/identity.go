package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// identity is which node this data folder is: its number, and the place it was
// given to. A folder that was copied, restored or moved finds itself in another
// place and takes a new number, since two nodes with one number could mint the
// same transaction ID.
type identity struct {
	Node  uint16 `json:"node"`
	Place string `json:"place"`
}

// identityFile lies in the data folder.
const identityFile = "node.json"

// readIdentity gives the folder's identity, and whether it still holds here.
func readIdentity(dir string) (id identity, holds bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return identity{}, false, nil
	}
	if err != nil {
		return identity{}, false, fmt.Errorf("read the node's identity: %w", err)
	}
	if err := json.Unmarshal(b, &id); err != nil {
		return identity{}, false, nil //nolint:nilerr // a damaged identity is no identity: the node takes a new number
	}
	here, err := place(dir)
	if err != nil {
		return identity{}, false, err
	}
	return id, id.Node != 0 && id.Place == here, nil
}

// writeIdentity keeps the number that this folder was given.
func writeIdentity(dir string, node uint16) error {
	here, err := place(dir)
	if err != nil {
		return err
	}
	b, err := json.Marshal(identity{Node: node, Place: here})
	if err != nil {
		return fmt.Errorf("write the node's identity: %w", err)
	}
	return writeFile(filepath.Join(dir, identityFile), b)
}

// forgetIdentity makes the folder take a new number at its next start.
func forgetIdentity(dir string) error {
	err := os.Remove(filepath.Join(dir, identityFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the node's identity: %w", err)
	}
	return nil
}

// place tells this folder on this machine from every copy of it: the machine's
// ID, and the folder's device and inode.
func place(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("look at the data folder: %w", err)
	}
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		host, _ := os.Hostname()
		machine = []byte(host)
	}
	folder := info.Name()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		folder = fmt.Sprintf("%d/%d", st.Dev, st.Ino)
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(machine)) + "\x00" + folder))
	return hex.EncodeToString(sum[:16]), nil
}

// writeFile replaces a file whole: a crash leaves the old one or the new one,
// never half of either.
func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes renames in a folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
