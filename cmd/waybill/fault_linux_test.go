package main

import (
	"os/exec"
	"syscall"
)

// tie has a process end with this one, also when this one is killed or runs out
// of its time.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
