// Package access decides who may do what over HTTP: accounts and tokens in a file, sessions
// in cookies, roles with areas, and a log of every change.
//
// It knows nothing of what it protects. A single sign-on takes its place behind
// [Authenticator].
package access
