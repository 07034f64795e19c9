package tune_test

import (
	"encoding/json"
	"strings"
	"testing"

	"waybill/internal/signal"
	"waybill/internal/tune"
)

func TestReply(t *testing.T) {
	const old = "1027c887059b47bc69c699f45466b9"
	tests := []struct {
		name    string
		verdict signal.Verdict
		sent    string
		want    string // how the text begins
		without string
	}{
		{name: "a conversion", verdict: signal.Verdict{Status: signal.Accepted, Code: signal.OK, Message: "the conversion was counted"}, want: "success=true;"},
		{name: "a change", verdict: signal.Verdict{Status: signal.Updated, Code: signal.CodeUpdated}, want: "success=true;"},
		{name: "a hit that waits on disk", verdict: signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued}, want: "success=true;"},
		{name: "the second channel", verdict: signal.Verdict{Status: signal.Duplicate, Code: signal.Sighting}, want: "success=true;"},
		{
			name: "a repetition", verdict: signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate, Message: "this was counted before; nothing was changed"},
			want: "success=false; err_msg=Duplicate conversion: this was counted before, nothing was changed;",
		},
		{
			name: "an ID that was cut", sent: "1027c887059b47b.", verdict: rejected(signal.TransactionIDInvalid),
			want: "success=false; err_msg=Invalid Trans. ID #1027c887059b47b.: ",
		},
		{
			name: "an ID from before the move", sent: old, verdict: rejected(signal.TransactionIDInvalid),
			want: "success=false; err_msg=Invalid Trans. ID #" + old + ": TUNE made this ID", without: "32 characters",
		},
		{name: "no ID", verdict: rejected(signal.TransactionIDMissing), want: "success=false; err_msg=Invalid Trans. ID #: "},
		{
			name: "an ID that would write a reply of its own", sent: "x; success=true;\r\n<script>", verdict: rejected(signal.TransactionIDInvalid),
			want: "success=false; err_msg=Invalid Trans. ID #xsuccess truescript: ", without: "\n",
		},
		{name: "a wrong token", verdict: rejected(signal.TokenInvalid), want: "success=false; err_msg=the token is wrong, copy it again"},
		{name: "not written down", verdict: rejected(signal.Unavailable), want: "success=false; err_msg=the hit could not be written down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := tune.NewReply(tt.verdict, tt.sent)
			got := r.Text()
			if !strings.HasPrefix(got, tt.want) || tt.without != "" && strings.Contains(got, tt.without) {
				t.Errorf("Text() = %q, want %q… without %q", got, tt.want, tt.without)
			}
			if semicolons := strings.Count(got, ";"); semicolons != 1+strings.Count(got, "success=false;") {
				t.Errorf("Text() = %q ends %d times", got, semicolons)
			}
			var read struct {
				Success bool   `json:"success"`
				Message string `json:"err_msg"`
			}
			text, err := json.Marshal(r)
			if err == nil {
				err = json.Unmarshal(text, &read)
			}
			if err != nil || read.Success != r.Success || read.Message != r.Message {
				t.Errorf("as JSON: %s, %v; want the same two values", text, err)
			}
		})
	}
}

func rejected(c signal.Code) signal.Verdict {
	return signal.Verdict{Status: signal.Rejected, Code: c, Message: signal.Explain(c, signal.Detail{})}
}
