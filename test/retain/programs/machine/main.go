//go:build linux

// The first process of a machine that only exists while a test runs: starts programs as it is told, one line of JSON on the console for
// each order and each answer. Nothing else is on that machine.
//
//	{"start": ["/cells/1.24.13/plain/retain", "maps"]}   {"line": "…"}       its first line; one at a time
//	{"run": ["/bin/stallscope", "retain", …]}            {"code": 0, "stdout": "…", "stderr": "…"}
//	{"end": true}                                        {"code": 0, "stderr": "…"}      ends the input of what was started
//	{"off": true}
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"
)

// Tells our lines from what the kernel writes. The host knows it, too.
const mark = "machine: "

const (
	longestRun   = 5 * time.Minute
	longestOrder = 1 << 20
)

type order struct {
	Start []string `json:"start"`
	Run   []string `json:"run"`
	End   bool     `json:"end"`
	Off   bool     `json:"off"`
}

type answer struct {
	Line   string `json:"line"`
	Code   int    `json:"code"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	Error  string `json:"error,omitempty"`
}

type started struct {
	command *exec.Cmd
	input   io.Closer
	stderr  bytes.Buffer
}

func main() {
	defer off()
	if err := furnish(); err != nil {
		tell(answer{Error: err.Error()})
		return
	}
	tell(answer{Line: "ready"})
	orders := bufio.NewScanner(os.Stdin)
	orders.Buffer(nil, longestOrder)
	var holding *started
	for orders.Scan() {
		var wanted order
		if json.Unmarshal(orders.Bytes(), &wanted) != nil {
			tell(answer{Error: "no order: " + orders.Text()})
			continue
		}
		switch {
		case wanted.Off:
			return
		case len(wanted.Start) > 0:
			stop(holding)
			var told answer
			holding, told = start(wanted.Start)
			tell(told)
		case len(wanted.Run) > 0:
			tell(run(wanted.Run))
		case wanted.End && holding != nil:
			tell(end(holding))
			holding = nil
		default:
			tell(answer{Error: "nothing to do: " + orders.Text()})
		}
	}
}

// Mounts what programs expect, and has the console pass lines as they are.
func furnish() error {
	for _, at := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(at[1], 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(at[0], at[1], at[0], 0, ""); err != nil && err != syscall.EBUSY {
			return fmt.Errorf("%s: %w", at[1], err)
		}
	}
	var mode syscall.Termios
	if err := console(syscall.TCGETS, &mode); err != nil {
		return err
	}
	mode.Iflag &^= syscall.ICRNL | syscall.IXON
	mode.Oflag &^= syscall.OPOST
	mode.Lflag &^= syscall.ICANON | syscall.ECHO | syscall.ISIG
	return console(syscall.TCSETS, &mode)
}

func console(what uintptr, mode *syscall.Termios) error {
	_, _, err := syscall.Syscall(syscall.SYS_IOCTL, 0, what, uintptr(unsafe.Pointer(mode)))
	if err != 0 {
		return fmt.Errorf("the console: %w", err)
	}
	return nil
}

func start(words []string) (*started, answer) {
	it := &started{command: exec.Command(words[0], words[1:]...)}
	it.command.Stderr = &it.stderr
	input, err := it.command.StdinPipe()
	if err != nil {
		return nil, answer{Error: err.Error()}
	}
	it.input = input
	output, err := it.command.StdoutPipe()
	if err != nil {
		return nil, answer{Error: err.Error()}
	}
	if err := it.command.Start(); err != nil {
		return nil, answer{Error: err.Error()}
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil && err != io.EOF || line == "" {
		stop(it)
		return nil, answer{Error: fmt.Sprintf("%v told nothing: %v %s", words, err, it.stderr.String())}
	}
	return it, answer{Line: line}
}

func end(it *started) answer {
	it.input.Close()
	limit := time.AfterFunc(longestRun, func() { it.command.Process.Kill() })
	defer limit.Stop()
	code, err := codeOf(it.command.Wait())
	return answer{Code: code, Stderr: it.stderr.String(), Error: err}
}

func stop(it *started) {
	if it != nil {
		it.command.Process.Kill()
		it.command.Wait()
	}
}

func run(words []string) answer {
	command := exec.Command(words[0], words[1:]...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		return answer{Error: err.Error()}
	}
	limit := time.AfterFunc(longestRun, func() { command.Process.Kill() })
	defer limit.Stop()
	code, err := codeOf(command.Wait())
	return answer{Code: code, Stdout: stdout.String(), Stderr: stderr.String(), Error: err}
}

func codeOf(err error) (int, string) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &ended):
		return ended.ExitCode(), ""
	default:
		return 0, err.Error()
	}
}

func tell(it answer) {
	encoded, err := json.Marshal(it)
	if err != nil {
		encoded = []byte(`{"error":"an answer that is no JSON"}`)
	}
	fmt.Printf("\n%s%s\n", mark, encoded)
}

func off() {
	syscall.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}
