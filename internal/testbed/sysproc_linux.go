package testbed

import "syscall"

// dieWithParent makes the kernel kill a program together with the test process. Cleanups do not
// run when a test binary times out or is killed, and an orphan would keep its port and directory.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
