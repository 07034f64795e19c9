package txid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// sealers is a pool of what one key needs to work, so that sealing allocates
// nothing and waits for nobody.
type sealers struct {
	pool sync.Pool
}

// sealer masks and tags. Its buffers live with it, since what is handed to a
// cipher or a hash behind an interface escapes to the heap.
type sealer struct {
	cipher cipher.Block
	mac    hash.Hash
	block  [tagAt]byte
	sum    [sha256.Size]byte
}

func (s *sealers) init(maskKey, tagKey []byte) error {
	block, err := aes.NewCipher(maskKey)
	if err != nil {
		return err
	}
	s.pool.New = func() any {
		return &sealer{cipher: block, mac: hmac.New(sha256.New, tagKey)}
	}
	return nil
}

func (s *sealers) get() *sealer { return s.pool.Get().(*sealer) }

func (s *sealers) put(one *sealer) { s.pool.Put(one) }

// mask gives the bits that hide the numbers of the ID with these first words.
func (s *sealer) mask(high, low uint64) uint64 {
	s.set(high, low&^numbersMask)
	s.cipher.Encrypt(s.block[:], s.block[:])
	return binary.BigEndian.Uint64(s.block[8:]) & numbersMask
}

// tag gives the tag of the ID with these first words.
func (s *sealer) tag(high, low uint64) uint32 {
	s.set(high, low)
	s.mac.Reset()
	s.mac.Write(s.block[:])
	return binary.BigEndian.Uint32(s.mac.Sum(s.sum[:0]))
}

func (s *sealer) set(high, low uint64) {
	binary.BigEndian.PutUint64(s.block[:], high)
	binary.BigEndian.PutUint64(s.block[8:], low)
}
