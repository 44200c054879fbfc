package access

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"phusong/telemetry"
)

// A Role is what somebody is here for.
type Role string

// The roles.
const (
	Viewer     Role = "viewer"     // sees
	Field      Role = "field"      // sees its own areas and works on their alerts
	Operations Role = "operations" // works on alerts and announces maintenance
	Liaison    Role = "liaison"    // works on gap cases
	Admin      Role = "admin"      // everything
)

// Roles returns every role, in a fixed order.
func Roles() []Role { return []Role{Viewer, Field, Operations, Liaison, Admin} }

// A Permission is something that a role may do.
type Permission string

// The permissions.
const (
	Read        Permission = "read"
	WorkAlerts  Permission = "alerts"      // acknowledge, release, assign, comment
	Maintenance Permission = "maintenance" // announce, extend, end
	WorkCases   Permission = "cases"
	Administer  Permission = "administer" // dead letters, the log of changes
)

// Permissions returns every permission, in a fixed order.
func Permissions() []Permission {
	return []Permission{Read, WorkAlerts, Maintenance, WorkCases, Administer}
}

var may = map[Role][]Permission{
	Viewer:     {Read},
	Field:      {Read, WorkAlerts},
	Operations: {Read, WorkAlerts, Maintenance},
	Liaison:    {Read, WorkCases},
	Admin:      {Read, WorkAlerts, Maintenance, WorkCases, Administer},
}

// An Identity is who asks.
type Identity struct {
	Name string
	Role Role
	// Areas are communes and provinces; none are all, but for [Field].
	Areas []telemetry.AreaCode
	// Token says that a program asks.
	Token bool
}

// May reports whether the role has the permission.
func (i *Identity) May(p Permission) bool { return slices.Contains(may[i.Role], p) }

// Everywhere reports whether the identity is bound to no area.
func (i *Identity) Everywhere() bool { return len(i.Areas) == 0 && i.Role != Field }

// Covers reports whether the identity sees what belongs to the area, whose province is
// given where it is a commune. What belongs to no area is for those who are bound to none.
func (i *Identity) Covers(area, province telemetry.AreaCode) bool {
	return i.Everywhere() || area != "" && slices.Contains(i.Areas, area) || province != "" && slices.Contains(i.Areas, province)
}

// ErrNobody says that a request names nobody who is known.
var ErrNobody = errors.New("log in first")

// An Authenticator tells who sent a request. The error wraps [ErrNobody] when nobody known
// did. It is called for each request, at the same time for several.
type Authenticator interface {
	Authenticate(r *http.Request) (Identity, error)
}

type contextKey struct{}

// With returns a context that says who asks.
func With(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, i)
}

type validKey struct{}

// StillValid reports whether who asked would still be let in as the same, for answers that
// take long.
func StillValid(ctx context.Context) bool {
	valid, ok := ctx.Value(validKey{}).(func() bool)
	return !ok || valid()
}

// From returns who asks; an identity that may do nothing when nobody is known.
func From(ctx context.Context) Identity {
	i, _ := ctx.Value(contextKey{}).(Identity)
	return i
}
