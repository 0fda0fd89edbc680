// A program and a command that looks at it, side by side, started by a parent that is told by the kernel whether the program ever
// stood still.
//
//	keeper PROGRAM ARGUMENT... -- COMMAND ARGUMENT...
//
// The program writes a line when it is ready, and ends when its input does. PID in an argument of the command is its number. What came
// of both is printed as one line of JSON.
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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A program that has not ended this long after its input did stands still.
const patience = 10 * time.Second

type outcome struct {
	Pid int `json:"pid"`
	// What the program said.
	Line json.RawMessage `json:"line"`
	// How the command ended, and what it wrote.
	Code   int    `json:"code"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	// What the kernel has told of the program: that it stood still, or went on again. 0 means that it never stood still.
	Stops int `json:"stops"`
	// How the program ended when it was told to; killed when it did not go on.
	Ended string `json:"ended"`
}

func main() {
	result, err := run(os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
}

func run(words []string) (*outcome, error) {
	between := slices.Index(words, "--")
	if between < 1 || between == len(words)-1 {
		return nil, errors.New("usage: keeper PROGRAM ARGUMENT... -- COMMAND ARGUMENT...")
	}
	program := exec.Command(words[0], words[1:between]...)
	program.Stderr = os.Stderr
	input, err := program.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := program.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := program.Start(); err != nil {
		return nil, err
	}
	result := &outcome{Pid: program.Process.Pid}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the program says nothing: %w", err)
	}
	go io.Copy(io.Discard, output)
	result.Line = json.RawMessage(bytes.TrimSpace(line))
	if !json.Valid(result.Line) {
		return nil, fmt.Errorf("not a line of JSON: %q", line)
	}

	for index, word := range words[between+1:] {
		words[between+1+index] = strings.ReplaceAll(word, "PID", strconv.Itoa(result.Pid))
	}
	command := exec.Command(words[between+1], words[between+2:]...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	var failed *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	result.Code, result.Stdout, result.Stderr = command.ProcessState.ExitCode(), stdout.String(), stderr.String()

	// Before its end: the kernel forgets this then.
	if result.Stops, err = stops(result.Pid); err != nil {
		return nil, err
	}
	input.Close()
	// One that was left standing still does not end by itself.
	overdue := time.AfterFunc(patience, func() { syscall.Kill(result.Pid, syscall.SIGKILL) })
	defer overdue.Stop()
	for {
		var status syscall.WaitStatus
		switch _, err := syscall.Wait4(result.Pid, &status, 0, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return nil, err
		case status.Exited():
			result.Ended = strconv.Itoa(status.ExitStatus())
			return result, nil
		default:
			result.Ended = status.Signal().String()
			return result, nil
		}
	}
}

// What the kernel has to tell of a child that stood still, or went on, since it was last asked.
func stops(pid int) (int, error) {
	for told := 0; ; {
		var status syscall.WaitStatus
		switch child, err := syscall.Wait4(pid, &status, syscall.WUNTRACED|syscall.WCONTINUED|syscall.WNOHANG, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case child == 0:
			return told, nil
		case status.Stopped() || status.Continued():
			told++
		default:
			return 0, errors.New("the program has ended before it was told to")
		}
	}
}
