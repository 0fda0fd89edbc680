// Runs one command to its end, throws its output away, and prints what it took, as the system accounts for it:
// the only way to a process's peak memory that misses nothing is to be the parent who waits for it, and Node
// cannot. In Go because `go tool pprof`, which we are measured against, needs Go anyway.
//
//	go build -o measure measure.go && ./measure COMMAND [ARGUMENT ...]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: measure COMMAND [ARGUMENT ...]")
		os.Exit(2)
	}
	command := exec.Command(os.Args[1], os.Args[2:]...)
	command.Stderr = os.Stderr
	begin := time.Now()
	err := command.Run()
	wall := time.Since(begin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]int64{
		"wall_ns":        wall.Nanoseconds(),
		"cpu_ns":         (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Nanoseconds(),
		"peak_rss_bytes": peakRSSBytes(command.ProcessState.SysUsage().(*syscall.Rusage)),
	})
}

// peakRSSBytes is that of the largest single process among the command and its children. It is never below our own
// few MB, because a child shares our memory until it runs its own program.
func peakRSSBytes(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // Bytes there, kilobytes elsewhere.
	}
	return usage.Maxrss * 1024
}
