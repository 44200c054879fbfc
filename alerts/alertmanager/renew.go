package alertmanager

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
)

// renewals are the groups that must be notified of although nothing in them changed: an
// acknowledgement ran out.
type renewals struct {
	mu sync.Mutex
	at map[string]time.Time // guarded by mu; by group key
}

func newRenewals() *renewals { return &renewals{at: make(map[string]time.Time)} }

// add notes groups, and forgets those of before keep.
func (r *renewals) add(groups dispatch.AlertGroups, now time.Time, keep time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.at, func(_ string, at time.Time) bool { return now.Sub(at) > keep })
	for _, g := range groups {
		r.at[g.GroupKey] = now
	}
}

// after reports whether the group was renewed after t.
func (r *renewals) after(group string, t time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.at[group]
	return ok && at.After(t)
}

// renewLocked finds the groups of alerts whose acknowledgement ran out.
func (e *Embedded) renewLocked(said []Alert, now time.Time) {
	due := make(map[model.Fingerprint]bool)
	for i := range said {
		key := said[i].fingerprint()
		if !said[i].Firing() {
			delete(e.renewed, key)
			continue
		}
		if before, known := e.renewed[key]; known && said[i].Renewed > before {
			due[key] = true
		}
		e.renewed[key] = said[i].Renewed
	}
	if len(due) == 0 {
		return
	}
	groups, _, err := e.groups(context.Background(),
		func(*dispatch.Route) bool { return true },
		func(a *alert.Alert, _ time.Time) bool { return due[a.Fingerprint()] })
	if err != nil {
		return // not running: nothing is grouped yet
	}
	e.again.add(groups, now, e.options.Retention)
}

// sentLog is the log of sent notifications, which has forgotten what is to be sent again.
type sentLog struct {
	log   *nflog.Log
	again *renewals
}

// Log implements [notify.NotificationLog].
func (l sentLog) Log(r *nflogpb.Receiver, group string, firing, resolved []uint64, store *nflog.Store, expiry time.Duration) error {
	return l.log.Log(r, group, firing, resolved, store, expiry)
}

// Query implements [notify.NotificationLog].
func (l sentLog) Query(params ...nflog.QueryParam) ([]*nflogpb.Entry, error) {
	entries, err := l.log.Query(params...)
	for i, e := range entries {
		if l.again.after(string(e.GroupKey), e.Timestamp.AsTime()) {
			entries[i] = &nflogpb.Entry{ // without what fired, so that it is news
				GroupKey: e.GroupKey, Receiver: e.Receiver, Timestamp: e.Timestamp,
				ResolvedAlerts: e.ResolvedAlerts, ReceiverData: e.ReceiverData,
			}
		}
	}
	return entries, err
}
