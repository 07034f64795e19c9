package certificates

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/host"
)

// readFiles takes a domain's certificate from its files if they are others than
// before. While they are broken, the one that was read last is served on.
func (k *Keeper) readFiles(ctx context.Context, d *host.Domain) {
	cert, digest, err := k.load(d)
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.known[d.Host]
	if e == nil {
		return
	}
	before := e.problem
	e.checked, e.problem = time.Now(), ""
	switch {
	case err != nil:
		e.problem = reason(err)
		if e.problem != before {
			k.log.LogAttrs(ctx, slog.LevelWarn, "certificate files not taken", slog.String("host", d.Host), slog.Any("error", err))
		}
	case e.file == nil || digest != e.digest:
		e.file, e.digest = cert, digest
		k.log.LogAttrs(ctx, slog.LevelInfo, "certificate read from its files", slog.String("host", d.Host),
			slog.Time("expires", cert.Leaf.NotAfter))
	}
}

// load reads and checks a domain's files. What is wrong with them is told
// without any of their contents.
func (k *Keeper) load(d *host.Domain) (cert *tls.Certificate, digest [32]byte, err error) {
	chain, err := k.read("cert_file", d.CertFile)
	if err != nil {
		return nil, digest, err
	}
	key, err := k.read("key_file", d.KeyFile)
	if err != nil {
		return nil, digest, err
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, digest, fault.New(fault.Invalid, "cert_file and key_file: %s", err)
	}
	if err := pair.Leaf.VerifyHostname(d.Host); err != nil {
		return nil, digest, fault.At("cert_file", "is not for this host: %s", err)
	}
	return &pair, sha256.Sum256(slices.Concat(chain, []byte{0}, key)), nil
}

// longestFile is larger than any chain of certificates.
const longestFile = 1 << 20

// read reads one file within the folder that the operator has named, and none
// outside of it, whatever links lead there.
func (k *Keeper) read(field, path string) ([]byte, error) {
	root, err := os.OpenRoot(k.settings.Files)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the folder of --tls-files cannot be opened: %s", plain(err))
	}
	defer root.Close() //nolint:errcheck // it was only read
	f, err := root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, fault.At(field, "cannot be opened: %s", plain(err))
	}
	defer f.Close() //nolint:errcheck // as above
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, fault.At(field, "is no file")
	}
	text, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	switch {
	case err != nil:
		return nil, fault.At(field, "cannot be read: %s", plain(err))
	case len(text) > longestFile:
		return nil, fault.At(field, "is longer than %d bytes", longestFile)
	default:
		return text, nil
	}
}

// plain gives the cause of a file's error without the path, which who asked
// knows, and without the folder, which is the operator's.
func plain(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
