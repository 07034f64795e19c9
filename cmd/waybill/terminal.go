package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// asks reports whether somebody sits at a terminal and can be asked.
func (e *env) asks() bool { return terminal(os.Stdin) }

// terminal reports whether a file is a terminal: only those have a size in
// letters. /dev/null is a device too, and is none.
func terminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// ask asks a question that is answered with y or no.
func (e *env) ask(question string) (bool, error) {
	if _, err := io.WriteString(e.stderr, question); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	said := strings.ToLower(strings.TrimSpace(line))
	return said == "y" || said == "yes", nil
}
