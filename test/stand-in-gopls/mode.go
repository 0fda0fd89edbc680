package main

import (
	"encoding/json"
	"log"
	"os"
)

// mode is what the test wants now. It is read anew for every request.
type mode struct {
	// Heap is how /debug/pprof/heap answers: see debug.go. Empty: as gopls does.
	Heap string
	// Silent: no page of the debug server is ever answered.
	Silent bool
	// HoldHoverMs keeps a hover's answer back for so long …
	HoldHoverMs int
	// … while memory grows by so much.
	GrowMB int
}

func readMode() (wanted mode) {
	text, err := os.ReadFile(os.Getenv("STAND_IN_MODE"))
	if err == nil {
		err = json.Unmarshal(text, &wanted)
	}
	if err != nil {
		log.Print("mode: ", err)
	}
	return wanted
}
