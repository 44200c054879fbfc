//go:build !linux

package testbed

import "syscall"

// dieWithParent is a service of Linux; elsewhere a test that is killed may leave its programs behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
