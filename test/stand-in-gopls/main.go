// The stand-in for gopls in the tests of what goes wrong. The language server behind it is a real gopls; the stand-in
// only decides when a hover's answer comes through, how much memory there is, and how the debug server behaves.
// The editor starts it as `gopls`; the real one runs under another name, so that Stallscope watches this process.
package main

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"os/exec"
	"regexp"
)

var debugAddress = flag.String("debug", "127.0.0.1:0", "address of the debug server")

// A gopls has some memory before anything happens. Without it a rise of a few MB would already double it.
var resident = touched(100 << 20)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if flag.NArg() > 0 && flag.Arg(0) != "serve" {
		ask(flag.Args())
	}
	real := exec.Command(os.Getenv("STAND_IN_REAL_GOPLS"), "-debug=127.0.0.1:0")
	input := must(real.StdinPipe())
	output := must(real.StdoutPipe())
	messages := must(real.StderrPipe())
	if err := real.Start(); err != nil {
		log.Fatal(err)
	}
	hovers := newHovers()
	go serveDebug(realDebugServer(messages), hovers)
	go func() {
		hovers.fromEditor(os.Stdin, input)
		input.Close()
	}()
	hovers.toEditor(output, os.Stdout)
	var exit *exec.ExitError
	if err := real.Wait(); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
}

// ask passes a question (`gopls version`, `gopls api-json`) on to the real one.
func ask(question []string) {
	real := exec.Command(os.Getenv("STAND_IN_REAL_GOPLS"), question...)
	real.Stdout, real.Stderr = os.Stdout, os.Stderr
	if err := real.Run(); err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}

// realDebugServer waits for the line in which gopls names its debug server, and passes on all that it says.
func realDebugServer(messages io.Reader) string {
	line := regexp.MustCompile(`http://(?:localhost|127\.0\.0\.1):(\d+)`)
	lines := bufio.NewScanner(messages)
	for lines.Scan() {
		if found := line.FindStringSubmatch(lines.Text()); found != nil {
			go io.Copy(os.Stderr, messages)
			return "127.0.0.1:" + found[1]
		}
		log.Print(lines.Text())
	}
	log.Fatal("gopls serves no debug pages")
	return ""
}

// touched allocates memory that is resident, not only promised.
func touched(bytes int) []byte {
	memory := make([]byte, bytes)
	for at := 0; at < len(memory); at += 4096 {
		memory[at] = 1
	}
	return memory
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
