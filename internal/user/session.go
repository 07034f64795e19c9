package user

import "time"

// How long somebody stays logged in: at most so long in all, and so long
// without a request.
const (
	SessionLife = 30 * 24 * time.Hour
	SessionIdle = 7 * 24 * time.Hour
	// SeenEvery is how exactly it is known when a session was last used.
	SeenEvery = time.Minute
	// ConfirmedFor is how long it is enough to have shown who one is, before what a
	// stolen session must not do.
	ConfirmedFor = 10 * time.Minute
)

// Session is one log-in of one person in one browser. Its token is known to the
// browser alone.
type Session struct {
	ID        int64     `json:"id"`
	UserID    int64     `json:"-"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`

	ConfirmedAt time.Time `json:"-"` // when its person last showed who that is
}

// Ends gives the time from which a session is of no use any more.
func (s Session) Ends() time.Time {
	end, idle := s.CreatedAt.Add(SessionLife), s.SeenAt.Add(SessionIdle)
	if idle.Before(end) {
		return idle
	}
	return end
}

// Alive reports whether a session is good at a time.
func (s Session) Alive(now time.Time) bool { return now.Before(s.Ends()) }

// Confirmed reports whether its person has shown lately who that is.
func (s Session) Confirmed(now time.Time) bool { return now.Before(s.ConfirmedUntil()) }

// ConfirmedUntil gives the time from which its person has to show it anew.
func (s Session) ConfirmedUntil() time.Time { return s.ConfirmedAt.Add(ConfirmedFor) }

// SeenAgain reports whether it is to be written down that a session is used.
func (s Session) SeenAgain(now time.Time) bool { return now.Sub(s.SeenAt) >= SeenEvery }
