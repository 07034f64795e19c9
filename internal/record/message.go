package record

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Message is a message within a record, for a loop around its list of fields:
//
//	for m := f.Message(6); m.Next(); {
//		v.Device.fields(f)
//	}
//
// An empty one is the zero value.
type Message struct {
	f     *Fields
	n     Number
	begun bool

	start int // writing: where the message's body begins
	end   int // reading: where the record around it ends
}

// Message is a message of the schema.
func (f *Fields) Message(n Number) Message { return Message{f: f, n: n} }

// Next reports whether the message's fields are due: once to write it, once for
// each field to read it.
func (m *Message) Next() bool {
	f := m.f
	switch {
	case f.at == every && !m.begun:
		m.begin()
		return true
	case f.at == every:
		if len(f.out) == m.start { // an empty body
			f.out = f.out[:len(f.out)-1-protowire.SizeTag(m.n)]
			return false
		}
		m.finish()
		return false
	case !m.begun:
		return f.at == m.n && f.is(protowire.BytesType) && m.enter()
	default:
		return m.step()
	}
}

// begin writes the tag, and one byte for the length that finish fills in.
func (m *Message) begin() {
	m.begun = true
	m.f.out = append(protowire.AppendTag(m.f.out, m.n, protowire.BytesType), 0)
	m.start = len(m.f.out)
}

// finish writes the length before the body, which moves where one byte is not
// enough for it.
func (m *Message) finish() {
	out := m.f.out
	size := len(out) - m.start
	more := protowire.SizeVarint(uint64(size)) - 1 //nolint:gosec // a length
	for range more {
		out = append(out, 0)
	}
	copy(out[m.start+more:], out[m.start:m.start+size])
	protowire.AppendVarint(out[:m.start-1], uint64(size)) //nolint:gosec // a length
	m.f.out = out
}

// enter narrows the reading to the message at hand.
func (m *Message) enter() bool {
	m.begun = true
	m.end = m.f.end
	m.f.pos, m.f.end = m.f.start, m.f.stop
	return m.step()
}

// step goes to the message's next field, or back to the record around it, whose
// next field begins where the message ends.
func (m *Message) step() bool {
	if m.f.Next() {
		return true
	}
	m.f.end = m.end
	return false
}

// List is a repeated message within a record, for a loop around its list of
// fields.
type List[T any] struct {
	message Message
	items   *[]T
	i       int
}

// Items is a repeated message of the schema. Empty ones among them are written.
func Items[T any](f *Fields, n Number, items *[]T) List[T] {
	return List[T]{message: f.Message(n), items: items}
}

// Next reports whether the fields of Item are due.
func (l *List[T]) Next() bool {
	m := &l.message
	if m.f.at != every {
		return l.read()
	}
	if m.begun {
		m.finish()
		l.i++
	}
	if l.i == len(*l.items) {
		return false
	}
	m.begin()
	return true
}

func (l *List[T]) read() bool {
	m := &l.message
	if m.begun {
		return m.step()
	}
	if m.f.at != m.n || !m.f.is(protowire.BytesType) {
		return false
	}
	var item T
	*l.items = append(*l.items, item)
	l.i = len(*l.items) - 1
	return m.enter()
}

// Item gives the message whose fields are due.
func (l *List[T]) Item() *T { return &(*l.items)[l.i] }
