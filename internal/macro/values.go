package macro

import (
	"encoding/json"
	"strconv"
	"time"

	"waybill/internal/fault"
)

// The formats of times that have names of their own.
const (
	layoutUnix   = "unix"
	layoutMillis = "unix_ms"
	layoutDate   = time.DateOnly
)

// Values is what macros stand for. The zero Values is empty and ready for use;
// it is large, so callers on the hot path keep it in a pool and Reset it.
type Values struct {
	text [NumNames]string
	at   [numTimes]int64 // Unix milliseconds
	set  Set             // of the times in at
}

// Set gives n the value s. A time set this way is rendered as it is, whatever
// its format.
func (v *Values) Set(n Name, s string) {
	if n < NumNames {
		v.text[n] = s
	}
}

// SetTime gives n, one of the times, the value t, to the millisecond.
func (v *Values) SetTime(n Name, t time.Time) {
	if n < NumNames && n.time() && !t.IsZero() {
		v.at[n-ClickTime] = t.UnixMilli()
		v.set.add(n)
	}
}

// Get gives the value of n, a time as RFC 3339; empty if it has none.
func (v *Values) Get(n Name) string {
	if n >= NumNames {
		return ""
	}
	if v.set.Has(n) {
		return string(v.append(nil, n, time.RFC3339Nano))
	}
	return v.text[n]
}

// Reset takes all values away.
func (v *Values) Reset() { *v = Values{} }

// append appends the plain value of n, a time by its layout.
func (v *Values) append(dst []byte, n Name, layout string) []byte {
	if !v.set.Has(n) {
		return append(dst, v.text[n]...)
	}
	ms := v.at[n-ClickTime]
	switch layout {
	case layoutUnix:
		return strconv.AppendInt(dst, time.UnixMilli(ms).Unix(), 10)
	case layoutMillis:
		return strconv.AppendInt(dst, ms, 10)
	default:
		return time.UnixMilli(ms).UTC().AppendFormat(dst, layout)
	}
}

// MarshalJSON writes the values that are there, by name, so that they can be
// frozen with what is owed.
func (v *Values) MarshalJSON() ([]byte, error) {
	all := make(map[string]string)
	for n := range NumNames {
		if s := v.Get(n); s != "" {
			all[n.String()] = s
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		return nil, fault.Because(err, fault.Internal, "write the values of macros")
	}
	return out, nil
}

// UnmarshalJSON reads what MarshalJSON wrote, in place of what v held. Names it
// does not know are left out.
func (v *Values) UnmarshalJSON(data []byte) error {
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		return fault.Because(err, fault.Invalid, "values of macros are an object of strings")
	}
	v.Reset()
	for name, s := range all {
		n, ok := ParseName(name)
		if !ok {
			continue
		}
		if n.time() {
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
				v.SetTime(n, at)
				continue
			}
		}
		v.Set(n, s)
	}
	return nil
}
