package visitor

import (
	"strconv"
	"testing"
)

// inOneSet gives n hashes of the same set.
func inOneSet(n int) []uint64 {
	hashes := make([]uint64, n)
	for i := range hashes {
		hashes[i] = uint64(i)*cacheSets + 7
	}
	return hashes
}

func name(hash uint64) string { return "agent " + strconv.FormatUint(hash, 10) }

func TestCacheKeepsWhatIsMetAgain(t *testing.T) {
	t.Parallel()
	c := newCache()
	hashes := inOneSet(100)
	kept := hashes[0]
	c.put(kept, name(kept), Visitor{OS: "kept"})
	for _, h := range hashes[1:] {
		if got, ok := c.get(kept, name(kept)); !ok || got.OS != "kept" {
			t.Fatalf("get() of an agent met every time = %+v, %t before %s; want it kept", got, ok, name(h))
		}
		c.put(h, name(h), Visitor{})
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache()
	hashes := inOneSet(50)
	for _, h := range hashes {
		c.put(h, name(h), Visitor{})
		if _, ok := c.get(h, name(h)); !ok { // so that every way is marked as used
			t.Fatalf("get() did not find %s, just stored", name(h))
		}
	}
	found := 0
	for _, h := range hashes {
		if _, ok := c.get(h, name(h)); ok {
			found++
		}
	}
	if found == 0 || found > cacheWays {
		t.Errorf("%d agents of one set are cached, want 1 to %d", found, cacheWays)
	}
}

func TestCacheTellsEqualHashesApart(t *testing.T) {
	t.Parallel()
	c := newCache()
	c.put(1, "one", Visitor{OS: "first"})
	c.put(1, "two", Visitor{OS: "second"})
	for agent, want := range map[string]string{"one": "first", "two": "second"} {
		if got, ok := c.get(1, agent); !ok || got.OS != want {
			t.Errorf("get(%s) = %+v, %t; want %s", agent, got, ok, want)
		}
	}
	if got, ok := c.get(1, "three"); ok {
		t.Errorf("get() of an agent never stored = %+v, want none", got)
	}
}
