//go:build !linux

package main

import "os/exec"

// tie does what only Linux can.
func tie(*exec.Cmd) {}
