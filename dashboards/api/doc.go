// Package api is the HTTP interface that the console and other programs use: REST under
// /api/v1 with GeoJSON and server-sent events, described by OpenAPI 3.1.
//
// It reads and changes through small interfaces of its own, and holds no state but the
// events that clients may ask for again. Who asks is told by the context: see package access.
package api
