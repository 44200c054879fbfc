package access

import (
	"crypto/sha256"
	"sync"
	"time"
)

// A session lives in memory only: a restart asks everybody to log in again.
type session struct {
	account, hash string // hash of the password it began with
	csrf          string
	began, used   time.Time
}

// sessions are kept by the digest of their secret, so that a look into memory opens none.
type sessions struct {
	idle, longest time.Duration
	most          int // of one account

	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

// maxSessions bounds the memory, whatever happens at the door.
const maxSessions = 20_000

func newSessions(idle, longest time.Duration) *sessions {
	return &sessions{idle: idle, longest: longest, most: 20, all: make(map[[sha256.Size]byte]*session)}
}

func (s *sessions) over(x *session, now time.Time) bool {
	return now.Sub(x.used) >= s.idle || now.Sub(x.began) >= s.longest
}

// begin opens a session. The oldest of an account that has too many ends.
func (s *sessions) begin(a *Account, now time.Time) (key, csrf string) {
	key, csrf = secret(), secret()
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest, oldestOwn [sha256.Size]byte
	own := 0
	for k, x := range s.all {
		if s.over(x, now) {
			delete(s.all, k)
			continue
		}
		if o := s.all[oldest]; o == nil || x.used.Before(o.used) {
			oldest = k
		}
		if x.account == a.Name {
			own++
			if o := s.all[oldestOwn]; o == nil || x.used.Before(o.used) {
				oldestOwn = k
			}
		}
	}
	if own >= s.most {
		delete(s.all, oldestOwn)
	} else if len(s.all) >= maxSessions {
		delete(s.all, oldest)
	}
	s.all[digest(key)] = &session{account: a.Name, hash: a.Hash, csrf: csrf, began: now, used: now}
	return key, csrf
}

// find returns a copy of the session, used now, and whether there is one.
func (s *sessions) find(key string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := digest(key)
	x := s.all[k]
	if x == nil {
		return session{}, false
	}
	if s.over(x, now) {
		delete(s.all, k)
		return session{}, false
	}
	x.used = now
	return *x, true
}

func (s *sessions) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, digest(key))
}
