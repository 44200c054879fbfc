//go:build unix

package main

import (
	"math"
	"syscall"
)

// ownCPU is how many seconds this process has been computing, user and kernel; NaN when unknown.
func ownCPU() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return math.NaN()
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
