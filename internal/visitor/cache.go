package visitor

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// The cache holds cacheSets × cacheWays agents: at most 16,384 of them, and
// with agents of at most maxAgent bytes never more than about 18 MB.
const (
	cacheSets = 4096
	cacheWays = 4
)

// cache remembers what agents were read as. A hash names a set, and an agent
// lies in any way of its set; nothing is locked, since an entry is never
// changed after it is stored but for its mark of use. The hash is seeded, so
// nobody can choose agents that crowd one set.
type cache struct {
	seed maphash.Seed
	sets [cacheSets][cacheWays]atomic.Pointer[entry]
}

type entry struct {
	hash    uint64
	agent   string
	visitor Visitor
	used    atomic.Bool // met again since it was stored or last spared
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) hash(agent string) uint64 { return maphash.String(c.seed, agent) }

func (c *cache) get(hash uint64, agent string) (Visitor, bool) {
	set := &c.sets[hash%cacheSets]
	for i := range set {
		e := set[i].Load()
		if e == nil || e.hash != hash || e.agent != agent {
			continue
		}
		if !e.used.Load() { // most often it is: a store would make every core fetch the line
			e.used.Store(true)
		}
		return e.visitor, true
	}
	return Visitor{}, false
}

// put stores a copy of agent in a free way, else in place of one that was not
// met again; if all were, they are spared this once but for one. The hash says
// where the search begins, so that the newest does not always push out the one
// before it.
func (c *cache) put(hash uint64, agent string, v Visitor) {
	set := &c.sets[hash%cacheSets]
	first := hash / cacheSets
	victim, allUsed := &set[first%cacheWays], true
	for i := range uint64(cacheWays) {
		way := &set[(first+i)%cacheWays]
		e := way.Load()
		if e == nil {
			victim, allUsed = way, false
			break
		}
		if allUsed && !e.used.Load() {
			victim, allUsed = way, false
		}
	}
	if allUsed {
		for i := range set {
			set[i].Load().used.Store(false) // a way once filled stays filled
		}
	}
	victim.Store(&entry{hash: hash, agent: strings.Clone(agent), visitor: v})
}
