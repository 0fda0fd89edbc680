// A command with less than it is used to: as another user, without capabilities, or without some system calls, as a container's profile
// does it; or while a debugger holds a process.
//
//	confined [-user 65534] [-no-capabilities] [-deny ptrace,kill] [-errno 1] [-kill] [-debug 4711] COMMAND ARGUMENT...
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// Of linux/prctl.h, seccomp.h, filter.h and capability.h.
const (
	prSetSeccomp      = 22
	prCapbsetDrop     = 24
	prSetNoNewPrivs   = 38
	ptraceSeize       = 0x4206
	seccompModeFilter = 2
	retKillProcess    = 0x80000000
	retErrno          = 0x00050000
	retAllow          = 0x7fff0000
	loadWord          = 0x20
	jumpIfEqual       = 0x15
	giveBack          = 0x06
	lastCapability    = 40
)

var numbers = map[string]map[string]uint32{
	"amd64": {
		"ptrace": 101, "kill": 62, "process_vm_readv": 310, "memfd_create": 319, "pidfd_send_signal": 424, "pidfd_open": 434,
	},
	"arm64": {
		"ptrace": 117, "kill": 129, "process_vm_readv": 270, "memfd_create": 279, "pidfd_send_signal": 424, "pidfd_open": 434,
	},
}

type instruction struct {
	code            uint16
	ifTrue, ifFalse uint8
	constant        uint32
}

type filter struct {
	length uint16
	first  *instruction
}

func main() {
	user := flag.Int("user", -1, "the number of a user and of a group to be")
	without := flag.Bool("no-capabilities", false, "keep the user, and nothing that it may do more than others")
	deny := flag.String("deny", "", "system calls that fail")
	errno := flag.Uint("errno", uint(syscall.EPERM), "with which number they fail")
	kill := flag.Bool("kill", false, "kill who makes them instead")
	debug := flag.Int("debug", 0, "a process that is held by a debugger meanwhile, and runs")
	flag.Parse()
	err := confine(*user, *without, *deny, uint32(*errno), *kill)
	if err == nil && *debug != 0 {
		err = seize(*debug)
	}
	if err == nil {
		err = become(flag.Args())
	}
	fmt.Fprintln(os.Stderr, "confined:", err)
	os.Exit(126)
}

func confine(user int, without bool, deny string, errno uint32, kill bool) error {
	// What follows is a thread's own, and so is what it starts.
	runtime.LockOSThread()
	if without {
		for capability := uintptr(0); capability <= lastCapability; capability++ {
			if err := prctl(prCapbsetDrop, capability, 0); err != nil && err != syscall.EINVAL {
				return fmt.Errorf("capability %d: %w", capability, err)
			}
		}
	}
	if user >= 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user)); err != nil {
			return err
		}
	}
	if deny == "" {
		return nil
	}
	if err := prctl(prSetNoNewPrivs, 1, 0); err != nil {
		return err
	}
	then := retErrno | errno
	if kill {
		then = retKillProcess
	}
	program := []instruction{{code: loadWord}}
	for _, name := range strings.Split(deny, ",") {
		number, known := numbers[runtime.GOARCH][name]
		if !known {
			return fmt.Errorf("%s is not known here", name)
		}
		program = append(program, instruction{jumpIfEqual, 0, 1, number}, instruction{code: giveBack, constant: then})
	}
	program = append(program, instruction{code: giveBack, constant: retAllow})
	filter := filter{uint16(len(program)), &program[0]}
	return prctl(prSetSeccomp, seccompModeFilter, uintptr(unsafe.Pointer(&filter)))
}

func prctl(what, first, second uintptr) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, what, first, second, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// The debugger is this thread, and remains it as another program.
func seize(pid int) error {
	if _, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, ptraceSeize, uintptr(pid), 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// Does not come back.
func become(words []string) error {
	if len(words) == 0 {
		return errors.New("no command")
	}
	file, err := exec.LookPath(words[0])
	if err != nil {
		return err
	}
	return syscall.Exec(file, words, os.Environ())
}
