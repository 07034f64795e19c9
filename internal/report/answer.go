package report

import "time"

// Answer is a report.
type Answer struct {
	Fields    []Field // what the cells of each line are
	Rows      []Line
	Total     Line      // over all rows, shown or not; its dimensions are null
	Other     *Line     // what is beyond the limit, if it was asked for
	Previous  *Previous // the period before, if it was asked for
	Currency  string    // of all money, or "" where rows have their own or there is none
	From, To  time.Time // To is not part of it
	Zone      string
	AsOf      time.Time
	Notes     []string // what a reader should know to read it right
	Truncated bool     // there are more rows than were asked for
}

// Previous is the period that an answer is compared with.
type Previous struct {
	From, To time.Time
	Total    Line
}

// Line is one row of an answer. Its cells stand in the order of the fields.
type Line struct {
	Cells    []Cell
	Previous []Cell // its metrics in the period before; nil unless asked for
	Links    []Link
}

// Link is where the facts behind a row are listed.
type Link struct {
	Name  string // "clicks", "conversions", …: the list, and the resource of the API
	Query string // its parameters, encoded
}

// Field is a dimension or a metric of a report or of a list.
type Field struct {
	Name      string
	Kind      Kind
	Dimension bool
	Named     bool // a number whose name the viewer may know: offer, affiliate, …
	Doc       string
}

// Kind is what the cells of a field hold.
type Kind string

// The kinds.
const (
	Text  Kind = "text"
	ID    Kind = "id"    // the number of an offer, an affiliate, …
	Flag  Kind = "flag"  // true or false
	Time  Kind = "time"  // a label: an hour, day, week or month, or an instant
	Count Kind = "count" // a whole number
	Money Kind = "money" // an exact decimal
	Ratio Kind = "ratio" // a decimal of six digits
)
