package delivery

import "time"

// Arrears is how the queues of one owner, or all of them, stand together. Its
// numbers are counted to MostCounted, which stands for that many or more.
type Arrears struct {
	Waiting   int64 // whether due or not
	Due       int64 // of these
	OldestDue time.Time
	Dead      int64 // given up of late
}
