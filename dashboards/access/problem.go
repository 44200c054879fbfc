package access

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// The reasons for which a gate lets nobody through, as the member code of a problem (RFC 9457): a console makes
// the sentence of them in the language of its reader. They never change their meaning.
const (
	CodeLogIn       = "log-in"         // nobody is logged in, or not any more
	CodeWrong       = "wrong-password" // or there is no such name
	CodeTooMany     = "too-many-logins"
	CodeNoAccounts  = "no-accounts" // everybody is let in, so nobody can log in
	CodeSession     = "session-changed"
	CodeForeign     = "foreign-page"
	CodeLoopback    = "loopback-only"
	CodeUnrecorded  = "not-recorded" // changes cannot be recorded, so none are taken
	CodeUnreadable  = "unreadable"   // what was sent is not what is asked for
	CodeWrongMethod = "wrong-method"
)

// Codes returns every code of a gate.
func Codes() []string {
	return []string{
		CodeLogIn, CodeWrong, CodeTooMany, CodeNoAccounts, CodeSession, CodeForeign, CodeLoopback, CodeUnrecorded, CodeUnreadable, CodeWrongMethod,
	}
}

func problem(w http.ResponseWriter, status int, code, detail string) {
	told(w, status, code, detail, nil)
}

func told(w http.ResponseWriter, status int, code, detail string, params map[string]string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // the client may be gone
		Title  string            `json:"title"`
		Status int               `json:"status"`
		Detail string            `json:"detail"`
		Code   string            `json:"code"`
		Params map[string]string `json:"params,omitempty"`
	}{http.StatusText(status), status, detail, code, params})
}

func retryAfter(w http.ResponseWriter, wait time.Duration) {
	seconds := strconv.Itoa(int(wait/time.Second) + 1)
	w.Header().Set("Retry-After", seconds)
	told(w, http.StatusTooManyRequests, CodeTooMany, "too many attempts to log in; wait a little", map[string]string{"seconds": seconds})
}
