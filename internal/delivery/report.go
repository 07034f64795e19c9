package delivery

// Report is what a worker has to tell of an attempt. It is kept whole or not at
// all.
type Report struct {
	Attempt Attempt
	After   Owed     // what became of the postback
	Breaker *Breaker // what became of its subscription's; nil when it is unchanged
}
