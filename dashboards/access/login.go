package access

import (
	"encoding/json"
	"errors"
	"net/http"

	"phusong/telemetry"
)

// Sessions serves /api/v1/session: GET says who one is, POST logs in, DELETE logs out.
func (g *Gate) Sessions() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Headers(w)
		if !g.admit(w, r) {
			return
		}
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			i, s, err := g.authenticate(r)
			if err != nil {
				problem(w, http.StatusUnauthorized, CodeLogIn, err.Error())
				return
			}
			csrf := ""
			if s != nil {
				csrf = s.csrf
			}
			g.say(w, i, csrf)
		case http.MethodPost:
			g.login(w, r)
		case http.MethodDelete:
			g.logout(w, r)
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			problem(w, http.StatusMethodNotAllowed, CodeWrongMethod, "GET, POST or DELETE")
		}
	})
}

// Self is what /api/v1/session says of who asks.
type Self struct {
	Name        string               `json:"name"`
	Role        Role                 `json:"role" enum:"viewer,field,operations,liaison,admin"`
	Areas       []telemetry.AreaCode `json:"areas" doc:"communes and provinces; none are all, but for field staff"`
	Permissions []Permission         `json:"permissions" enum:"read,alerts,maintenance,cases,administer"`
	CSRF        string               `json:"csrf,omitempty" doc:"of the session: a change needs it in the header X-CSRF-Token"`
	Open        bool                 `json:"open" doc:"everybody is let in: a demonstration"`
}

// Login is what is sent to log in.
type Login struct {
	Name     string `json:"name" maxLength:"64"`
	Password string `json:"password" maxLength:"256"`
}

func (g *Gate) say(w http.ResponseWriter, i Identity, csrf string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	areas := i.Areas
	if areas == nil {
		areas = []telemetry.AreaCode{}
	}
	_ = json.NewEncoder(w).Encode(Self{i.Name, i.Role, areas, may[i.Role], csrf, g.Open()}) // the client may be gone
}

const maxLoginBody = 4 << 10

func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	if g.Open() {
		problem(w, http.StatusConflict, CodeNoAccounts, "there are no accounts here")
		return
	}
	var asked Login
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLoginBody))
	if err := decoder.Decode(&asked); err != nil {
		problem(w, http.StatusBadRequest, CodeUnreadable, `send {"name": …, "password": …}`)
		return
	}
	if len(asked.Name) > 64 || len(asked.Password) > maxPassword {
		problem(w, http.StatusUnauthorized, CodeWrong, errWrong.Error())
		return
	}
	from, now := g.Address(r), g.o.Now()
	// Taken before the password is looked at: attempts side by side count too.
	if wait := max(g.byNet.take(network(from), now), g.byName.take(asked.Name, now)); wait > 0 {
		retryAfter(w, wait)
		return
	}
	done, err := g.turn(r.Context())
	if err != nil {
		return // the client is gone
	}
	account, right := g.check(asked.Name, asked.Password)
	done()
	event := Event{Who: asked.Name, From: from.String(), Action: "login", Status: http.StatusOK}
	if !right {
		event.Status = http.StatusUnauthorized
		if g.o.Book.account(asked.Name) == nil {
			event.Who = "" // people type their password into the wrong field
		}
		g.record(event)
		problem(w, http.StatusUnauthorized, CodeWrong, errWrong.Error())
		return
	}
	g.byNet.give(network(from))
	g.byName.give(asked.Name)
	event.Role = account.Role
	g.record(event)
	// A cookie from before is worth nothing any more: nobody can have fixed it.
	if c, err := r.Cookie(g.cookieName()); err == nil {
		g.sessions.end(c.Value)
	}
	key, csrf := g.sessions.begin(account, now)
	g.setCookie(w, key, int(g.sessions.longest.Seconds()))
	g.say(w, account.identity(), csrf)
}

var errWrong = errors.New("name or password is wrong")

// check costs the same whether there is such an account or not.
func (g *Gate) check(name, password string) (*Account, bool) {
	a := g.o.Book.account(name)
	if a == nil || a.IsToken() {
		g.nobody.holds(password)
		return nil, false
	}
	h, err := parseHash(a.Hash)
	return a, err == nil && h.holds(password)
}

func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(g.cookieName()); err == nil {
		if i, _, err := g.authenticate(r); err == nil {
			g.record(Event{Who: i.Name, Role: i.Role, From: g.Address(r).String(), Action: "logout", Status: http.StatusNoContent})
		}
		g.sessions.end(c.Value)
	}
	g.setCookie(w, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gate) setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: g.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: g.o.Secure, SameSite: http.SameSiteStrictMode,
	})
}
