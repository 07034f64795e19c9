package sqlledger

import "testing"

func TestTexts(t *testing.T) {
	tests := []struct{ name, text, sqlite string }{
		{"arguments in order are not numbered", "INSERT INTO t VALUES ($1, $2)", "INSERT INTO t VALUES (?, ?)"},
		{"more than nine of them", "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)", "(?,?,?,?,?,?,?,?,?,?)"},
		{"out of order they are", "UPDATE t SET a = $2 WHERE b = $1", "UPDATE t SET a = ?2 WHERE b = ?1"},
		{"used twice they are", "WHERE a = $1 OR b = $1", "WHERE a = ?1 OR b = ?1"},
		{"used twice at the end they are", "($1, $2, $1)", "(?1, ?2, ?1)"},
		{"begun with another number they are", "WHERE a = $2", "WHERE a = ?2"},
		{"none", "SELECT 1", "SELECT 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&texts{engine: sqliteEngine}).of(tt.text); got != tt.sqlite {
				t.Errorf("for SQLite: %q, want %q", got, tt.sqlite)
			}
			if got := (&texts{engine: postgres}).of(tt.text); got != tt.text {
				t.Errorf("for PostgreSQL: %q, want %q", got, tt.text)
			}
		})
	}
}
